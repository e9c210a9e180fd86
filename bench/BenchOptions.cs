namespace Bench;

/// <summary>What a benchmark was asked to do.</summary>
internal sealed record BenchOptions(string Name, int Rounds, int Seconds, string? Peers, string? Only, string App, int? Jobs,
    int Connections)
{
    public static BenchOptions Parse(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, "--" + name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        return new BenchOptions(
            args.FirstOrDefault() ?? "",
            int.Parse(Option("n") ?? "3"),
            int.Parse(Option("secs") ?? "6"),
            Runnable(Option("peers") ?? Path.GetFullPath("../shared/peers")),
            Option("only"),
            Option("app") ?? AppContext.BaseDirectory,
            Option("jobs") is { } jobs ? int.Parse(jobs) : null,
            int.Parse(Option("conns") ?? "1000"));
    }

    private static string? Runnable(string peers)
    {
        if (peers == "none" || !Directory.Exists(peers)) return null;
        if (File.Exists(NodePeer.Node(peers))) return peers;
        Console.Error.WriteLine(
            $"The peers in {peers} are left out: their packages are not installed. Copy the folder, run npm install "
            + "and models/make-models.mjs in the copy, and name it with --peers.");
        return null;
    }
}
