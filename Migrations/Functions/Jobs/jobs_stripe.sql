-- Which of the locks of keys is that of a key.
create or replace function jobs_stripe(in_key text) returns int language sql immutable as $$
    select (hashtextextended(in_key, 8372) & 4095)::int
$$;
