using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using App.Engines.Models;
using App.Signs.Fingerspelling;

namespace Bench;

/// <summary>One of the two servers, ready for frames.</summary>
internal sealed class LiveServer : IAsyncDisposable
{
    private readonly IAsyncDisposable server;

    private LiveServer(IAsyncDisposable server, int pid, Uri address, string path, string? key) =>
        (this.server, Pid, Address, Path, Key) = (server, pid, address, path, key);

    public int Pid { get; }

    public Uri Address { get; }

    public string Path { get; }

    public string? Key { get; }

    /// <summary>Ours counts its frames.</summary>
    public bool Ours => Key is not null;

    public LiveLoad Load => new(Address, Path, Key, Ours);

    /// <summary>The product in the web role.</summary>
    public static async Task<LiveServer> StartOursAsync(string folder, string databaseUrl, CancellationToken ct)
    {
        var app = await AppProcess.StartAsync(folder, databaseUrl, worker: false, ct);
        return new LiveServer(app, app.Pid, app.Address, "/ws/landmarks", AppProcess.Key);
    }

    /// <summary>The peer.</summary>
    public static async Task<LiveServer> StartPeerAsync(string folder, string model, CancellationToken ct)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var node = NodePeer.Node(folder);
        var start = new ProcessStartInfo(node,
            ["ws/server.mjs", "--port", port.ToString(), "--model",
                System.IO.Path.GetRelativePath(System.IO.Path.Combine(folder, "models"), model)])
        { WorkingDirectory = folder };
        var process = NodePeer.StartOrExplain(start, folder);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        while (true)
        {
            try
            {
                if ((await http.GetAsync("/health", ct)).IsSuccessStatusCode)
                    return new LiveServer(new PeerProcess(process), process.Id, http.BaseAddress, "/ws", null);
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                // It does not listen yet.
            }
            catch (HttpRequestException)
            {
                throw new BenchException(
                    $"The peer in {folder} has ended with {process.ExitCode} before it served: run npm install in a copy of it, "
                    + "or leave it out with --peers none.");
            }
            await Task.Delay(5, ct);
        }
    }

    /// <summary>Makes ours serve the file that the peer serves.</summary>
    public async Task ServeAsync(string artifact, CancellationToken ct)
    {
        using var http = new HttpClient
        {
            BaseAddress = Address,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Key) }
        };
        var spec = new ModelSpec
        {
            Name = LetterModel.Task,
            Input = LetterModel.Input,
            Output = LetterModel.Output,
            Labels = Alphabet.Labels,
            Unit = LetterModel.Logit,
            TrainingSource = "random weights"
        };
        using var added = await http.PostAsJsonAsync($"/api/models/{LetterModel.Task}/versions",
            new
            {
                spec = JsonElement.Parse(spec.ToJson()),
                artifactBase64 = Convert.ToBase64String(await File.ReadAllBytesAsync(artifact, ct))
            }, ct);
        if (!added.IsSuccessStatusCode) throw new InvalidOperationException(await added.Content.ReadAsStringAsync(ct));
        var version = (await added.Content.ReadFromJsonAsync<JsonElement>(ct)).GetProperty("version").GetInt32();
        using var activated = await http.PostAsync($"/api/models/{LetterModel.Task}/versions/{version}/activate", null, ct);
        activated.EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private sealed class PeerProcess(Process process) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
