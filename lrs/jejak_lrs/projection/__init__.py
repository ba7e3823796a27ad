"""From records to profiles and changes: live, from day to day, and made anew."""
