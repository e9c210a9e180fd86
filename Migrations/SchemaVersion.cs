using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Migrations;

/// <summary>The schema of this build.</summary>
public static class SchemaVersion
{
    /// <summary>Names of all migrations, in the order in which they are applied.</summary>
    public static IReadOnlyList<string> Migrations { get; } =
    [
        .. typeof(SchemaVersion).Assembly.GetTypes()
            .Select(type => type.GetCustomAttribute<MigrationAttribute>()?.Id)
            .OfType<string>()
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>A hash of everything that is applied: the names of migrations, and the files of functions.</summary>
    public static string Fingerprint { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0',
        Migrations.Concat(SchemaFiles.Paths.Where(path => path.StartsWith("Functions/", StringComparison.Ordinal)).SelectMany<string, string>(path => [path, SchemaFiles.Read(path)]))))));
}
