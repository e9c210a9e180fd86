using System.Text.RegularExpressions;
using App.Platform.Database;
using Microsoft.EntityFrameworkCore;

namespace App.Tests.Architecture;

/// <summary>Writes stay home: a slice writes only to its own tables, in C#, through EF and in functions of the schema.</summary>
public sealed partial class TableOwnerTests
{
    private static readonly TableOwners Owners = TableOwners.Read();

    private static readonly string[] Slices = ["Platform", .. Modules.All.Select(module => module.GetType().Namespace!.Split('.')[^1])];

    [Fact]
    public void Every_table_and_view_of_the_schema_has_one_owner()
    {
        var schema = File.ReadAllText(Path.Combine(Sources.Root, "Migrations/schema.sql"));
        var tables = Created().Matches(schema).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal);
        Assert.Equal(tables, Owners.Owned.Select(owned => owned.Table).Order(StringComparer.Ordinal));
        Assert.Empty(Owners.Owned.Select(owned => owned.Slice).Except(Slices));
    }

    [Fact]
    public void Code_writes_to_tables_of_its_own_slice() =>
        Assert.Empty(Sources.Of("App").SelectMany(source => Owners.Violations(Slice(source.Path), $"App/{source.Path}", source.Text)
            .Select(table => $"{source.Path} writes {table}")));

    [Fact]
    public void Functions_write_to_tables_of_their_own_slice() =>
        Assert.Empty(Functions().SelectMany(file => Owners.Violations(file.Path.Split('/')[1], file.Path, file.Text).Select(table => $"{file.Path} writes {table}")));

    [Fact]
    public void Functions_lie_in_folders_of_slices() => Assert.Empty(Functions().Select(file => file.Path.Split('/')[1]).Except(Slices));

    [Fact]
    public void An_entity_is_configured_and_written_by_the_owner_of_its_table()
    {
        using var db = new AppDbContext(new DbContextOptionsBuilder<AppDbContext>().UseNpgsql("Host=nowhere").Options);
        var entities = db.Model.GetEntityTypes().Where(entity => !entity.IsOwned()).ToDictionary(entity => entity.ClrType.Name);
        Assert.NotEmpty(entities);
        Assert.Empty(entities.Values.Where(entity => !Owners.Owned.Contains((Slice(entity.ClrType), entity.GetTableName() ?? entity.GetViewName()!)))
            .Select(entity => entity.ClrType));
        Assert.Empty(Sources.Of("App").SelectMany(source => Changed().Matches(source.Text)
            .Where(match => entities.TryGetValue(match.Groups["entity"].Value, out var entity) && Slice(entity.ClrType) != Slice(source.Path))
            .Select(match => $"{source.Path}: {match.Value}")));
    }

    [Fact]
    public void Every_exception_is_needed()
    {
        var written = Sources.Of("App").Select(source => (Path: $"App/{source.Path}", source.Text)).Concat(Functions()).ToDictionary(file => file.Path, file => Owners.Written(file.Text));
        Assert.DoesNotContain(Owners.Exceptions, exception => !written.TryGetValue(exception.File, out var tables) || !tables.Contains(exception.Table));
    }

    [Theory]
    [InlineData("Runs", "await db.ExecuteAsync(\"update jobs set state = 'queued'\");", "jobs")]
    [InlineData("Messages", "insert into  payments (id) values (1)", "payments")]
    [InlineData("Jobs", "with gone as (delete from messages m where m.id = 1 returning id) select 1", "messages")]
    [InlineData("Readings", "COPY predictions (ts) FROM STDIN (FORMAT binary)", "predictions")]
    [InlineData("Models", "truncate table runs", "runs")]
    [InlineData("Models", "$\"delete from {name} where id = 1\"", "{name}")]
    public void A_planted_write_is_seen(string slice, string text, string table) => Assert.Equal([table], Owners.Violations(slice, "App/Planted.cs", text));

    [Theory]
    [InlineData("Jobs", "update jobs set state = 'queued'")]
    [InlineData("Runs", "select id from jobs j where j.id = 1 for update of j")]
    [InlineData("Runs", "// update jobs is for Jobs")]
    public void What_is_allowed_is_not_reported(string slice, string text) => Assert.Empty(Owners.Violations(slice, "App/Planted.cs", text));

    // The first folder below a group, or the first: App/Engines/Jobs/Api/JobReader.cs is of Jobs.
    private static string Slice(string path) => path.Split('/').SkipLast(1).FirstOrDefault(Slices.Contains) ?? path.Split('/')[0];

    private static string Slice(Type type) => Slice(type.FullName!["App.".Length..].Replace('.', '/'));

    private static IEnumerable<(string Path, string Text)> Functions()
    {
        var root = Path.Combine(Sources.Root, "Migrations");
        return Directory.EnumerateFiles(Path.Combine(root, "Functions"), "*.sql", SearchOption.AllDirectories)
            .Select(file => (Path.GetRelativePath(root, file).Replace('\\', '/'), File.ReadAllText(file)));
    }

    [GeneratedRegex("""^create (table|view|sequence) "?(?<name>\w+)""", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Created();

    [GeneratedRegex(@"\bSet<(?<entity>\w+)>\(\)[^;]*?\.Execute(Update|Delete)Async|\b(db|context)\.(Add|AddAsync|Update|Remove|Attach)\(new (?<entity>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex Changed();
}
