using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>
/// The tables as the migrations up to <see cref="LastReplaced"/> left them, one file a slice in <c>Baseline/</c>. An empty
/// database gets them; one that those migrations made has them already, and is only told so. Never change them: what comes
/// next is a migration of its own.
/// </summary>
[DbContext(typeof(SchemaContext))]
[Migration(Id)]
public sealed class M20261129_Baseline : Migration
{
    /// <summary>Its name in EF's history.</summary>
    public const string Id = "20261129000000_Baseline";

    /// <summary>The last of the migrations that the baseline stands for.</summary>
    public const string LastReplaced = "20261126000000_Announcements";

    /// <summary>The last commit that had those migrations, and that an older database must be started with first.</summary>
    public const string CommitBefore = "Packages: ONNX Runtime from NuGet, every package at its current version";

    // A table stands below those it refers to.
    private static readonly string[] Slices =
    [
        "Platform", "Streams", "Jobs", "Schedules", "Models", "Runs", "Readings", "Disaggregation", "Fingerspelling", "Messages", "Commerce",
        "Webhooks",
    ];

    /// <inheritdoc/>
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        foreach (var slice in Slices) migrationBuilder.Sql(SchemaFiles.Read($"Baseline/{slice}.sql"));
    }
}
