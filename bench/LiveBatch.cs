using System.Text.Json.Nodes;
using System.Threading.Channels;
using App.Engines.Models;
using App.Signs.Fingerspelling;

namespace Bench;

/// <summary>
/// Whether frames of many connections should share a run of the model: each connection runs its own frame where it is, or
/// hands it to one thread that runs all that wait, up to sixteen. No sockets between, so that only this is measured.
/// </summary>
internal static class LiveBatch
{
    private const int Most = 16;
    private const int Measured = 200_000;

    private sealed record Waiting(float[] Landmarks, TaskCompletionSource<LetterGuess> Answer);

    public static async Task RunAsync(string artifact, CancellationToken ct)
    {
        var spec = new ModelSpec
        {
            Name = LetterModel.Task,
            Input = LetterModel.Input,
            Output = LetterModel.Output,
            Labels = Alphabet.Labels,
            Unit = LetterModel.Logit,
            TrainingSource = "random weights"
        };
        using var model = OnnxModel.Load(await File.ReadAllBytesAsync(artifact, ct), spec);
        foreach (var rows in (int[])[1, 2, 4, 8, Most]) Print("run", rows, Alone(model, rows));
        foreach (var connections in (int[])[1, 8, 64])
        {
            Print("inline", connections, await InlineAsync(model, connections));
            Print("shared", connections, await SharedAsync(model, connections, ct));
        }
    }

    private static double Alone(OnnxModel model, int rows)
    {
        using var classifier = new HandClassifier(model, rows);
        void Run(int runs)
        {
            for (var i = 0; i < runs; i++) classifier.Run(rows);
        }
        Run(1000);
        return Cpu(() => Run(Measured / rows));
    }

    private static async Task<double> InlineAsync(OnnxModel model, int connections) => await CpuAsync(connections, async frames =>
    {
        using var classifier = new HandClassifier(model);
        var landmarks = new float[Landmarks.Size];
        for (var i = 0; i < frames; i++)
        {
            classifier.Classify(landmarks);
            await Task.Yield();
        }
    });

    private static async Task<double> SharedAsync(OnnxModel model, int connections, CancellationToken ct)
    {
        var queue = Channel.CreateUnbounded<Waiting>(new UnboundedChannelOptions { SingleReader = true });
        var batcher = Task.Run(() => BatchAsync(model, queue.Reader, ct), ct);
        var cpu = await CpuAsync(connections, async frames =>
        {
            var landmarks = new float[Landmarks.Size];
            for (var i = 0; i < frames; i++)
            {
                var waiting = new Waiting(landmarks,
                    new TaskCompletionSource<LetterGuess>(TaskCreationOptions.RunContinuationsAsynchronously));
                queue.Writer.TryWrite(waiting);
                await waiting.Answer.Task;
            }
        });
        queue.Writer.Complete();
        await batcher;
        return cpu;
    }

    private static async Task BatchAsync(OnnxModel model, ChannelReader<Waiting> queue, CancellationToken ct)
    {
        using var classifier = new HandClassifier(model, Most);
        var batch = new List<Waiting>(Most);
        while (await queue.WaitToReadAsync(ct))
        {
            while (batch.Count < Most && queue.TryRead(out var waiting))
            {
                waiting.Landmarks.CopyTo(classifier.Frame(batch.Count));
                batch.Add(waiting);
            }
            classifier.Run(batch.Count);
            for (var row = 0; row < batch.Count; row++) batch[row].Answer.SetResult(classifier.Guess(row));
            batch.Clear();
        }
    }

    private static async Task<double> CpuAsync(int connections, Func<int, Task> connection)
    {
        Task Run(int frames) =>
            Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => connection(frames / connections))));
        await Run(Measured / 10);
        var before = Environment.CpuUsage.TotalTime;
        await Run(Measured);
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / Measured;
    }

    private static double Cpu(Action work)
    {
        var before = Environment.CpuUsage.TotalTime;
        work();
        return (Environment.CpuUsage.TotalTime - before).TotalMicroseconds / Measured;
    }

    private static void Print(string way, int number, double microseconds) => Console.WriteLine(new JsonObject
    {
        ["bench"] = "live",
        ["case"] = "batch",
        ["way"] = way,
        [way == "run" ? "rows" : "connections"] = number,
        ["cpu_us_per_frame"] = Math.Round(microseconds, 2),
    }.ToJsonString());
}
