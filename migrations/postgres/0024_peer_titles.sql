-- Devices come with the title of the factory: two townships may have the same. Their addresses tell them apart.
DROP INDEX peer_ae;
CREATE INDEX peer_ae ON peer(ae_title) WHERE ae_title IS NOT NULL;
