//! One scan: lines of samples in regular and run mode (T.87 §A.3, §A.7, annex B for several components).

use super::super::CodecError;
use super::bits::Bits;
use super::context::{Coding, Context};

/// Run lengths by run index, as powers of two (§A.2.1).
pub(super) const RUN_BITS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];
pub(super) const REGULAR_CONTEXTS: usize = 365;

/// A scan and where its samples go.
pub(super) struct Scan<'a> {
    pub(super) out: &'a mut [u16],
    pub(super) width: usize,
    pub(super) rows: usize,
    /// Samples per pixel in `out`.
    pub(super) samples: usize,
    /// Which samples this scan carries.
    pub(super) members: &'a [usize],
    pub(super) coding: Coding,
    /// Lines between restart markers, 0 = none.
    pub(super) restart: usize,
}

/// What adapts while a scan is read.
struct State<'a> {
    bits: Bits<'a>,
    regular: Vec<Context>,
    run: [Context; 2],
}

/// Two lines of one component with a column more on either side.
pub(super) struct Lines {
    pub(super) above: Vec<i32>,
    pub(super) current: Vec<i32>,
}

impl Lines {
    pub(super) fn new(width: usize) -> Self {
        Self { above: vec![0; width + 2], current: vec![0; width + 2] }
    }

    /// Neighbours beyond the edges (§A.2.1): left of the line is the sample above, right of the line above its last sample.
    pub(super) fn begin(&mut self, width: usize) {
        std::mem::swap(&mut self.above, &mut self.current);
        self.above[width + 1] = self.above[width];
        self.current[0] = self.above[1];
    }

    /// Ra, Rb, Rc, Rd of column `x` (from 1).
    pub(super) fn neighbours(&self, x: usize) -> [i32; 4] {
        [self.current[x - 1], self.above[x], self.above[x - 1], self.above[x + 1]]
    }
}

impl Scan<'_> {
    /// Reads the scan from `data`; answers the bytes used.
    pub(super) fn decode(&mut self, interleave: u8, data: &[u8]) -> Result<usize, CodecError> {
        let fresh = self.coding.fresh_context();
        let regular = || vec![fresh; REGULAR_CONTEXTS];
        let mut state = State { bits: Bits::new(data), regular: regular(), run: [fresh; 2] };
        let mut lines: Vec<Lines> = self.members.iter().map(|_| Lines::new(self.width)).collect();
        let mut run_index = vec![0_usize; self.members.len()];
        for row in 0..self.rows {
            if self.restart > 0 && row > 0 && row.is_multiple_of(self.restart) {
                state.bits.restart()?;
                (state.regular, state.run) = (regular(), [fresh; 2]);
                lines = self.members.iter().map(|_| Lines::new(self.width)).collect();
                run_index.fill(0);
            }
            for line in &mut lines {
                line.begin(self.width);
            }
            if interleave == 2 {
                self.line(&mut state, &mut lines, &mut run_index[0])?;
            } else {
                for (line, index) in lines.iter_mut().zip(&mut run_index) {
                    self.line(&mut state, std::slice::from_mut(line), index)?;
                }
            }
            self.store(row, &lines);
        }
        Ok(state.bits.used())
    }

    /// One line of one component, or of all of them sample by sample.
    fn line(
        &self,
        state: &mut State<'_>,
        lines: &mut [Lines],
        run_index: &mut usize,
    ) -> Result<(), CodecError> {
        let mut x = 1;
        while x <= self.width {
            if lines.iter().all(|line| self.context(line, x) == 0) {
                x = self.run(state, lines, x, run_index)?;
                continue;
            }
            for line in lines.iter_mut() {
                let q = self.context(line, x);
                let sign = if q < 0 { -1 } else { 1 };
                let [a, b, c, _] = line.neighbours(x);
                let context = &mut state.regular[q.unsigned_abs() as usize];
                line.current[x] = self.coding.regular(context, sign, median(a, b, c), &mut state.bits)?;
            }
            x += 1;
        }
        Ok(())
    }

    /// Context number with sign, -364 to 364; 0 begins a run (§A.3.4).
    fn context(&self, line: &Lines, x: usize) -> i32 {
        self.coding.context(line.neighbours(x))
    }

    /// A run from column `x` and the sample that ends it; answers the next column (§A.7).
    fn run(
        &self,
        state: &mut State<'_>,
        lines: &mut [Lines],
        x: usize,
        index: &mut usize,
    ) -> Result<usize, CodecError> {
        let mut end = x;
        loop {
            let whole = 1_usize << RUN_BITS[*index];
            let left = self.width + 1 - end;
            if state.bits.read(1)? == 1 {
                end += whole.min(left);
                if whole <= left {
                    *index = (*index + 1).min(31);
                }
                if end > self.width {
                    break;
                }
            } else {
                end += (state.bits.read(RUN_BITS[*index])? as usize).min(left);
                break;
            }
        }
        for line in lines.iter_mut() {
            let value = line.current[x - 1];
            line.current[x..end].fill(value);
        }
        if end > self.width {
            return Ok(end);
        }
        // sample by sample the first run context serves all components (annex B)
        let alone = lines.len() == 1;
        for line in lines.iter_mut() {
            let [a, b, ..] = line.neighbours(end);
            let alike = alone && (a - b).abs() <= self.coding.near;
            let context = &mut state.run[usize::from(alike)];
            line.current[end] =
                self.coding.interruption(context, alike, (a, b), RUN_BITS[*index], &mut state.bits)?;
        }
        *index = index.saturating_sub(1);
        Ok(end + 1)
    }

    fn store(&mut self, row: usize, lines: &[Lines]) {
        let start = row * self.width * self.samples;
        for (line, member) in lines.iter().zip(self.members) {
            let places = self.out[start..].iter_mut().skip(*member).step_by(self.samples);
            for (place, value) in places.zip(&line.current[1..=self.width]) {
                *place = *value as u16;
            }
        }
    }
}

/// Median edge detector (§A.4.1).
pub(super) fn median(a: i32, b: i32, c: i32) -> i32 {
    if c >= a.max(b) {
        a.min(b)
    } else if c <= a.min(b) {
        a.max(b)
    } else {
        a + b - c
    }
}
