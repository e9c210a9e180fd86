using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>A fire that falls due while the job of an earlier one has not ended is skipped, unless its schedule says otherwise.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000000_ScheduleOverlap")]
public sealed class M20261123_ScheduleOverlap : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        alter table schedules add column overlap text not null default 'skip' check (overlap in ('skip', 'queue'));
        alter table schedule_fires drop constraint schedule_fires_status_check;
        alter table schedule_fires add constraint schedule_fires_status_check
            check (status in ('pending', 'running', 'succeeded', 'failed', 'cancelled', 'skipped') and (status <> 'skipped' or job_id is null));
        drop index schedule_fires_open;
        create index schedule_fires_open on schedule_fires (id) where status not in ('succeeded', 'skipped');
        """);
}
