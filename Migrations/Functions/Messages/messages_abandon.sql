-- Gives up messages whose job has ended without them: it was cancelled, or its workers died with it.
create or replace function messages_abandon(in_ids uuid[], in_drives int[], in_reasons text[]) returns int language plpgsql as $$
declare abandoned int;
begin
    update messages m set state = 'dead', died_at = clock_timestamp(), next_at = null, error = left(t.reason, 4000)
    from unnest(in_ids, in_drives, in_reasons) as t(id, drive, reason)
    where m.id = t.id and m.drive = t.drive and m.state in ('pending', 'sending', 'uncertain');
    get diagnostics abandoned = row_count;
    return abandoned;
end $$;
