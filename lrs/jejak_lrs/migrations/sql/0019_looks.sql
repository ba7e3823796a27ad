-- Looks at numbers of persons are a tree of the published log, too. The notary sees of them their
-- numbers and times, the link of the chain, and the random id that keeps it from being guessed.

ALTER TABLE checkpoint DROP CONSTRAINT checkpoint_tree;
ALTER TABLE checkpoint ADD CONSTRAINT checkpoint_tree
    CHECK (tree IN ('records', 'outcomes', 'looks'));
GRANT SELECT (number, id, at, chain) ON access TO jejak_notary;
