-- A profile is written anew with almost every record about its person, and is found by four indexes.
-- Where its page has room for the newer version none of them is touched.

ALTER TABLE profile SET (fillfactor = 70);
