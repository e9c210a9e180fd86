using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Jobs that are added within milliseconds of each other are announced once, so that their commits need not wait for each other.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261126000000_Announcements")]
public sealed class M20261126_Announcements : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        -- When each channel was last announced on, in milliseconds: sequences, since everyone sees them at once and nobody waits for them.
        create sequence jobs_announced;
        create sequence jobs_announced_messages;

        -- PostgreSQL commits transactions that notify one after the other, each with its write to the disk. So whoever follows
        -- another within 5 ms says nothing: a worker that was woken looks again for longer than that (JobWorker). What it
        -- misses all the same, because the other took its time to commit or never did, is found with the next, or by polling.
        create or replace function jobs_announce() returns trigger language plpgsql as $$
        declare now_ms bigint := extract(epoch from clock_timestamp()) * 1000;
        begin
            -- A clock that was set back does not silence anybody.
            if exists (select from added a where a.queue = 'messages') and not exists (select from jobs_announced_messages s where now_ms - s.last_value between 0 and 4) then
                perform setval('jobs_announced_messages', now_ms);
                perform pg_notify('tandem_jobs_messages', '');
            end if;
            if exists (select from added a where a.queue <> 'messages') and not exists (select from jobs_announced s where now_ms - s.last_value between 0 and 4) then
                perform setval('jobs_announced', now_ms);
                perform pg_notify('tandem_jobs', '');
            end if;
            return null;
        end $$;
        """);
}
