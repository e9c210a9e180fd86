using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using App.Platform.Configuration;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Platform.Serving;

/// <summary>The image's commands as real processes: what they do, say and answer.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Every_fault_of_the_configuration_is_named_at_once()
    {
        var result = await AppCommand.RunAsync("", ("PORT", "abc"), ("ENV", "staging"), ("WORKER_ENABLED", "maybe"),
            ("ADMIN_API_KEY", "shortsecret"), ("JWT_SECRET_KEY", "othersecret"),
            ("DATABASE_URL", "mysql://user:mypassword@host/db"), ("LOG_LEVEL", "loud"), ("DRAIN_SECONDS", "0"), ("STREAM_SHARDS", "99999"),
            ("PIPELINE_ENABLED", "x"), ("MODEL_ARTIFACT_BASE_URL", "ftp://x"));
        Assert.Equal(78, result.Code);
        Assert.StartsWith("Configuration is invalid (11 faults):", result.Error);
        foreach (var name in new[] { "PORT is 'abc'", "ENV is 'staging'", "WORKER_ENABLED is 'maybe'", "ADMIN_API_KEY is '(not shown)'",
            "JWT_SECRET_KEY is '(not shown)'", "DATABASE_URL is '(not shown)'",
            "LOG_LEVEL is 'loud'", "DRAIN_SECONDS is '0'", "STREAM_SHARDS is '99999'", "PIPELINE_ENABLED is 'x'",
            "MODEL_ARTIFACT_BASE_URL is 'ftp://x'" })
            Assert.Contains(name, result.Error);
        foreach (var secret in new[] { "shortsecret", "othersecret", "mypassword" })
            Assert.DoesNotContain(secret, result.Error + result.Out);
        Assert.DoesNotContain("   at ", result.Error);
    }

    [Fact]
    public async Task Production_needs_a_database_and_a_key()
    {
        var result = await AppCommand.RunAsync("", ("ENV", "production"));
        Assert.Equal(78, result.Code);
        Assert.Contains("DATABASE_URL is 'unset'", result.Error);
        Assert.Contains("ADMIN_API_KEY is 'unset'", result.Error);
    }

    [Fact]
    public async Task Help_lists_the_commands_and_an_unknown_one_is_a_fault_of_use()
    {
        var help = await AppCommand.RunAsync("help");
        Assert.Equal((0, ""), (help.Code, help.Error));
        foreach (var command in Program.Commands(Variables.OfProcess()).Subcommands) Assert.Contains($"  {command.Name} ", help.Out);
        var unknown = await AppCommand.RunAsync("fly away");
        Assert.Equal((64, ""), (unknown.Code, unknown.Out));
        Assert.Contains("'fly'", unknown.Error);
        Assert.Contains("App --help", unknown.Error);
    }

    [Fact]
    public async Task Every_command_has_help_and_a_version()
    {
        foreach (var words in Words(Program.Commands(Variables.OfProcess())))
        {
            var help = await CommandRun.RunAsync([.. words, "--help"]);
            Assert.Equal((0, ""), (help.Code, help.Error));
            Assert.Contains("Usage:", help.Out);
            Assert.Equal(help.Out, (await CommandRun.RunAsync(["help", .. words])).Out);
            var version = await CommandRun.RunAsync([.. words, "--version"]);
            Assert.Equal((0, ""), (version.Code, version.Error));
            Assert.Matches(@"^\d+\.\d+\.\d+", version.Out);
        }
    }

    [Fact]
    public void Every_command_is_described_and_so_is_every_option()
    {
        foreach (var words in Words(Program.Commands(Variables.OfProcess())))
        {
            var command = Program.Commands(Variables.OfProcess()).Parse(words).CommandResult.Command;
            Assert.False(string.IsNullOrEmpty(command.Description), string.Join(' ', words));
            Assert.All(command.Options,
                option => Assert.False(string.IsNullOrEmpty(option.Description), $"{string.Join(' ', words)} {option.Name}"));
        }
    }

    [Theory]
    [InlineData("disagregate", "disaggregate")]
    [InlineData("keys creat", "create")]
    [InlineData("train fingerspeling", "fingerspelling")]
    public async Task A_word_that_is_nearly_right_is_suggested(string typed, string meant)
    {
        var result = await CommandRun.RunAsync(typed.Split(' '));
        Assert.Equal((64, ""), (result.Code, result.Out));
        Assert.Contains(meant, result.Error.Split('\n').Select(line => line.Trim()));
    }

    [Theory]
    [InlineData("keys create --org o --scopes all", "--scopes is 'all'")]
    [InlineData("keys create --org o/p --scopes read", "--org is 'o/p'")]
    [InlineData("keys revoke --id 7", "--id")]
    [InlineData("migrate --now", "'--now'")]
    [InlineData("spell --out y", "'--in'")]
    [InlineData("spell --in nowhere.csv --out y", "--in is 'nowhere.csv'")]
    [InlineData("train disaggregation", "Give either")]
    [InlineData("train disaggregation --simulate 1", "--simulate is '1': give a whole number from 2 to 10000")]
    [InlineData("train fingerspelling --synthetic 0 --out y", "nothing to train on")]
    [InlineData("train fingerspelling --out y --seed 1 --seed 2", "--seed")]
    [InlineData("health @file", "'@file'")]
    public async Task A_wrong_call_is_told_on_stderr_and_ends_with_64(string words, string told)
    {
        var result = await CommandRun.RunAsync(words.Split(' '));
        Assert.Equal((64, ""), (result.Code, result.Out));
        Assert.Contains(told, result.Error);
    }

    [Theory]
    [InlineData("dis", "disaggregate")]
    [InlineData("keys ", "create list revoke")]
    [InlineData("keys create --sc", "--scopes")]
    [InlineData("keys create --scopes ", "admin")]
    public async Task Words_are_completed(string typed, string offered)
    {
        var result = await CommandRun.RunAsync($"[suggest:{typed.Length}]", typed);
        Assert.Equal(0, result.Code);
        foreach (var word in offered.Split(' ')) Assert.Contains(word, result.Out.Split('\n').Select(line => line.Trim()));
    }

    private static IEnumerable<string[]> Words(Command command) =>
        command.Subcommands.SelectMany(child => Words(child).Select(words => (string[])[child.Name, .. words])).Prepend([]);

    [Fact]
    public async Task A_database_that_is_not_there_is_said_in_one_line()
    {
        var result = await AppCommand.RunAsync("", ("DATABASE_URL", "postgres://user:mypassword@127.0.0.1:1/db"),
            ("ADMIN_API_KEY", "a-key-of-this-very-test"));
        Assert.Equal(69, result.Code);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains("127.0.0.1:1/db cannot be reached", result.Error);
        Assert.DoesNotContain("mypassword", result.Error + result.Out);
    }

    // With one connection the first look at the database succeeds and the next is refused.
    [Theory]
    [InlineData("nologin", "is not permitted to log in")]
    [InlineData("connection limit 0", "too many connections for role")]
    [InlineData("connection limit 1", "too many connections for role")]
    public async Task A_database_that_refuses_the_login_at_start_is_said_in_one_line(string refusal, string reason)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var admin = new NpgsqlConnection(database.AdminConnectionString);
        await admin.OpenAsync();
        var role = $"refused_{Guid.NewGuid():N}";
        await ExecuteAsync(
            $"create role {role} login password 'mypassword'; "
            + $"grant select on \"__EFMigrationsHistory\" to {role}; alter role {role} {refusal}");
        var url = new UriBuilder(database.Url) { UserName = role, Password = "mypassword" }.Uri.ToString();
        var result = await AppCommand.RunAsync("", ("DATABASE_URL", url), ("ADMIN_API_KEY", "a-key-of-this-very-test"));
        await ExecuteAsync($"drop owned by {role}; drop role {role}");
        Assert.Equal(69, result.Code);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains(reason, result.Error);
        Assert.DoesNotContain("mypassword", result.Error + result.Out);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, admin);
            await command.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task A_port_in_use_is_said_in_one_line()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var taken = TcpListener.Create(0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        var result = await AppCommand.RunAsync("", ("DATABASE_URL", database.Url), ("PORT", port),
            ("ADMIN_API_KEY", "a-key-of-this-very-test"), ("LOG_LEVEL", "error"));
        Assert.Equal(69, result.Code);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Contains($"PORT {port} cannot be listened on", result.Error);
    }

    [Fact]
    public async Task A_fresh_database_is_migrated_once_and_a_made_key_opens_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var connection = new NpgsqlConnection(database.ConnectionString))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("drop owned by current_user cascade; create schema if not exists public",
                connection);
            await command.ExecuteNonQueryAsync();
            NpgsqlConnection.ClearPool(connection);
        }
        Assert.StartsWith("Applied ", (await AppCommand.RunAsync("migrate", ("DATABASE_URL", database.Url))).Out);
        Assert.StartsWith("The schema is current.", (await AppCommand.RunAsync("migrate", ("DATABASE_URL", database.Url))).Out);

        var made = await AppCommand.RunAsync("keys create --org acme --scopes read,ingest", ("DATABASE_URL", database.Url));
        Assert.Equal(0, made.Code);
        await using var host = await AppHost.StartAsync(database.Url);
        using var http = host.Client(made.Out.Trim());
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/buildings")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/api/pipeline/dead")).StatusCode);

        var listed = (await AppCommand.RunAsync("keys list --org acme", ("DATABASE_URL", database.Url))).Out.Trim().Split('\n');
        Assert.Equal(2, listed.Length);
        var fields = listed[1].Trim().Split('\t');
        Assert.Equal(("acme", "read,ingest", "-"), (fields[1], fields[2], fields[4]));
        Assert.DoesNotContain(made.Out.Trim(), listed[1]);
        Assert.Equal(0, (await AppCommand.RunAsync($"keys revoke --id {fields[0]}", ("DATABASE_URL", database.Url))).Code);
        Assert.Equal(64, (await AppCommand.RunAsync($"keys revoke --id {fields[0]}", ("DATABASE_URL", database.Url))).Code);
        await using var another = await AppHost.StartAsync(database.Url);
        using var refused = another.Client(made.Out.Trim());
        Assert.Equal(HttpStatusCode.Unauthorized, (await refused.GetAsync("/api/buildings")).StatusCode);
    }

    [Fact]
    public async Task No_secret_is_ever_logged()
    {
        await using var database = await TestDatabase.CreateAsync();
        const string Admin = "admin-key-\"with\\odd-characters";
        const string Secret = "jwt-secret-of-more-than-thirty-two-bytes";
        const string Wrong = "tdm_a-wrong-key-that-somebody-tries";
        var password = DatabasePassword(database.Url);
        using var server = AppCommand.Start("", ("DATABASE_URL", database.Url), ("PORT", "0"), ("ADMIN_API_KEY", Admin),
            ("JWT_SECRET_KEY", Secret), ("LOG_LEVEL", "debug"), ("ENV", "production"));
        using var http = new HttpClient { BaseAddress = await server.Listening };
        foreach (var key in new[] { Admin, Wrong, "eyJhbGciOiJIUzI1NiJ9.eyJvcmciOiJhIn0.c2lnbmF0dXJl" })
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            foreach (var path in new[] { "/api/buildings", "/api/buildings/x/readings", "/api/pipeline",
                "/nowhere?key=" + Uri.EscapeDataString(key) }) (await http.GetAsync(path)).Dispose();
            (await http.PostAsync("/ingest/readings", new StringContent("x", null, "application/json"))).Dispose();
        }
        var result = await server.StopAsync();
        Assert.Equal(0, result.Code);
        Assert.Contains("Drained", result.Out);
        Assert.All(result.Out.TrimEnd().Split('\n'), line => System.Text.Json.JsonDocument.Parse(line).Dispose());
        foreach (var secret in new[] { Admin, Admin.Replace("\\", "\\\\").Replace("\"", "\\\""), Secret, Wrong, password, "c2lnbmF0dXJl" })
            Assert.DoesNotContain(secret, result.Out + result.Error);
    }

    private static string DatabasePassword(string url) => Uri.UnescapeDataString(new Uri(url).UserInfo.Split(':')[1]);
}
