using App.Platform.Configuration;
using App.Tests.Architecture;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace App.Tests.Platform.Configuration;

public sealed class VariablesTests
{
    [Fact]
    public void Without_variables_the_defaults_hold()
    {
        var variables = Variables.Of(new Dictionary<string, string?>());
        var options = PlatformOptions.Read(variables);
        Assert.Empty(variables.Faults);
        Assert.Empty(options.Egress.Hosts);
        Assert.False(options.Telemetry.Exports);
        Assert.Equal(new PlatformOptions
        {
            Port = 8080,
            Production = false,
            Worker = true,
            ConnectionString = null,
            UnpooledConnectionString = null,
            AdminApiKey = null,
            JwtSecretKey = null,
            LogLevel = "information",
            Drain = TimeSpan.FromSeconds(30),
            Egress = options.Egress,
            SlowQuery = TimeSpan.FromMilliseconds(500),
            Telemetry = options.Telemetry,
            RequestsPerSecond = 2000,
        }, options);
    }

    [Fact]
    public void Secrets_are_known_in_every_form()
    {
        var variables = Variables.Of(new Dictionary<string, string?>
        {
            ["DATABASE_URL"] = "postgres://user:p%40ss%2Fword@host:5432,other/db",
            ["DATABASE_UNPOOLED_URL"] = "postgresql://user@host/db",
            ["ADMIN_API_KEY"] = "an-admin-key-of-this-test",
            ["JWT_SECRET_KEY"] = "a-secret-of-thirty-two-bytes-or-more",
            ["LOG_LEVEL"] = "debug",
        });
        PlatformOptions.Read(variables);
        Assert.Empty(variables.Faults);
        Assert.Superset(
            new HashSet<string> { "p%40ss%2Fword", "p@ss/word", "an-admin-key-of-this-test", "a-secret-of-thirty-two-bytes-or-more" },
            variables.Secrets().ToHashSet());
        Assert.DoesNotContain("debug", variables.Secrets());
    }

    [Fact]
    public void The_page_for_operators_lists_every_variable()
    {
        var page = File.ReadAllText(Path.Combine(Sources.Root, "docs", "operations.md"));
        Assert.DoesNotContain(ReadByAll([]).Names, name => !page.Contains($"`{name}`"));
    }

    [Fact]
    public void The_settings_file_carries_every_variable_with_its_default()
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(Sources.Root, "appsettings.json")).Build()
            .GetChildren().ToDictionary(setting => setting.Key, setting => setting.Value);
        var variables = ReadByAll([]);
        Assert.Contains("STREAM_SHARDS", variables.Names);
        Assert.Equal(variables.Names.ToDictionary(name => name, name => variables.Defaults.GetValueOrDefault(name, "")), file!);
        Assert.Empty(ReadByAll(file).Faults);
    }

    // What the platform and every module read.
    private static Variables ReadByAll(Dictionary<string, string?> values)
    {
        var variables = Variables.Of(values);
        PlatformOptions.Read(variables);
        foreach (var module in Modules.All) module.AddServices(new ServiceCollection(), variables);
        return variables;
    }
}
