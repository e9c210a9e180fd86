using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>An entry of a stream carries the trace of whoever appended it, where that is recorded.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261129000004_EntryTraces")]
public sealed class M20261129_EntryTraces : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        -- A W3C traceparent. The appender sets it for its transaction, so that stream_append and those who call it stay as they are:
        -- a version that does not know the column appends null.
        alter table stream_entries add column traceparent text;
        alter table stream_entries alter column traceparent set default nullif(current_setting('tandem.traceparent', true), '');
        """);
}
