"""Evidence bundles: what an inspector takes home, and checks without us.

content          the lines of records and of identities
making           from a selection and a checkpoint to the archive
summary          the page for people
verifying        checks an archive, by this package's own code
verify_bundle    the same again by itself, in one file that goes with every bundle
"""
