using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Tickets that open one live connection each.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000501_LiveTickets")]
public sealed class M20261123_LiveTickets : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        create table live_tickets (
            -- SHA-256 of it: who reads the table can use none.
            ticket bytea primary key check (octet_length(ticket) = 32),
            organization text not null,
            expires_at timestamptz not null
        );
        create index live_tickets_by_end on live_tickets (expires_at);
        """);
}
