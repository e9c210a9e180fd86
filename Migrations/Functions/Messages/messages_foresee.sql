-- What workers of the version before call.
create or replace function messages_foresee(in_args text[])
returns table (n bigint, id uuid, organization text, channel text, recipient text, body text, state text, attempts int, spent int,
    age float8, quiet float8,
    secret text, previous_secret text, closed_reason text)
language sql as $$ select * from messages_prefetch(in_args) $$;
