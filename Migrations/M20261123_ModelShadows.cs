using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>Candidates that run beside the active version of a model, and how far they agree with it.</summary>
[DbContext(typeof(SchemaContext))]
[Migration("20261123000000_ModelShadows")]
public sealed class M20261123_ModelShadows : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        create table model_shadows (
            id int generated always as identity primary key,
            name text not null,
            candidate_id int not null references model_versions (id) on delete cascade,
            active_id int not null references model_versions (id) on delete cascade,
            started_at timestamptz not null default now(),
            ended_at timestamptz,
            compared bigint not null default 0,
            agreed bigint not null default 0,
            failed bigint not null default 0,
            candidate_seconds double precision not null default 0,
            active_seconds double precision not null default 0,
            compared_at timestamptz,
            fault text,
            check (candidate_id <> active_id),
            check (agreed between 0 and compared and failed >= 0)
        );
        create unique index model_shadows_one_running on model_shadows (name) where ended_at is null;
        create index model_shadows_of_candidate on model_shadows (candidate_id, id desc);

        create table model_shadow_disagreements (
            shadow_id int not null references model_shadows (id) on delete cascade,
            active_says text not null,
            candidate_says text not null,
            count bigint not null,
            primary key (shadow_id, active_says, candidate_says)
        );
        """);
}
