//! What slices remember between calls: one value a type. Whoever remembers a value also decides whether it still holds.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The values, shared by all clones.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Kept {
    /// The value of this type that was put last.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).cloned();
        held.and_then(|value| value.downcast().ok())
    }

    /// Remembers a value instead of the one before.
    pub fn put<T: Any + Send + Sync>(&self, value: &Arc<T>) {
        let value: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(value);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Kept;

    #[test]
    fn one_value_a_type_is_kept_for_all_clones() {
        let kept = Kept::default();
        let other = kept.clone();
        assert!(kept.get::<u32>().is_none());
        kept.put(&Arc::new(7_u32));
        kept.put(&Arc::new("seven"));
        other.put(&Arc::new(8_u32));
        assert_eq!((kept.get::<u32>().as_deref(), kept.get::<&str>().as_deref()), (Some(&8), Some(&"seven")));
    }
}
