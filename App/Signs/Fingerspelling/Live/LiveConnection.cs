using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// One WebSocket, from its first frame to its end. A frame is read, run and answered where it arrives: handing it to
/// another thread would cost more than the model. Frames that have arrived together are run together.
/// </summary>
internal sealed class LiveConnection(WebSocket socket, CoalescingStream wire, ClassifierPool classifiers, LiveOptions options,
    LiveMetrics metrics, WordBuilder? word, TimeProvider time)
{
    private const int UsualFrameBytes = 2048;
    // Measuring every answer would cost as much as writing it.
    private const int MeasuredOfBatches = 8;

    private readonly FrameBatch batch = new();
    private readonly AnswerWriter answer = new();
    private readonly LetterWindow window = new(options.Window);
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(UsualFrameBytes);
    private int filled;
    private int badInARow;
    private long answered;
    private long bad;
    private long batches;
    private double inferenceMs;
    private long lastFrameAt = time.GetTimestamp();
    private long sendingSince;
    private volatile string? cut;

    /// <summary>Frames answered, bad ones included.</summary>
    public long Answered => Volatile.Read(ref answered);

    /// <summary>Of them, those answered with an error.</summary>
    public long Bad => Volatile.Read(ref bad);

    /// <summary>How long it has sent no frame.</summary>
    public TimeSpan Idle => time.GetElapsedTime(Volatile.Read(ref lastFrameAt));

    /// <summary>How long an answer has waited for its reader; zero: none waits.</summary>
    public TimeSpan Blocked => Volatile.Read(ref sendingSince) is not 0 and var since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>Serves it to its end, and answers the reason of that.</summary>
    public async Task<string> RunAsync()
    {
        try
        {
            return await ReceiveAsync();
        }
        catch (WebSocketException e) when (cut is null && e.WebSocketErrorCode != WebSocketError.ConnectionClosedPrematurely)
        {
            // It broke the protocol, and the WebSocket has told it so (1002, 1007).
            await LingerAsync();
            return LiveEnd.Protocol;
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The far side is gone, or it was cut off from here.
            return cut ?? LiveEnd.Lost;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Tells the far side that it ends; the far side answers, or is cut off.</summary>
    public async Task CloseAsync(WebSocketCloseStatus status, string reason, string end)
    {
        cut = end;
        try
        {
            using var patience = new CancellationTokenSource(LiveOptions.ClosePatience, time);
            await socket.CloseOutputAsync(status, reason, patience.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            socket.Abort();
        }
    }

    /// <summary>Cuts it off.</summary>
    public void Abort(string end)
    {
        cut = end;
        socket.Abort();
    }

    private async Task<string> ReceiveAsync()
    {
        while (true)
        {
            var receiving = socket.ReceiveAsync(buffer.AsMemory(filled), CancellationToken.None);
            // What has arrived is complete at once, and waits for the rest of its batch.
            if (batch.Count > 0 && (!receiving.IsCompleted || batch.IsFull)) await AnswerAsync();
            var received = await receiving;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                if (batch.Count > 0) await AnswerAsync();
                if (socket.State == WebSocketState.CloseReceived)
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                return cut ?? LiveEnd.Closed;
            }
            filled += received.Count;
            if (!received.EndOfMessage)
            {
                if (filled == FrameLimits.MostBytes)
                    return await EndAsync(WebSocketCloseStatus.MessageTooBig, $"A frame has more than {FrameLimits.MostBytes} bytes.",
                        LiveEnd.TooLarge);
                if (filled == buffer.Length) Grow();
                continue;
            }
            badInARow = batch.Add(buffer.AsSpan(0, filled), received.MessageType == WebSocketMessageType.Binary) ? 0 : badInARow + 1;
            filled = 0;
            if (badInARow == FrameLimits.MostBadInARow)
                return await EndAsync(WebSocketCloseStatus.PolicyViolation, $"{FrameLimits.MostBadInARow} bad frames in a row.",
                    LiveEnd.BadFrames);
        }
    }

    private async Task<string> EndAsync(WebSocketCloseStatus status, string reason, string end)
    {
        if (batch.Count > 0) await AnswerAsync();
        cut = end;
        // Reads on to the close of the far side, so that ours is not lost behind frames that it still sends.
        using var patience = new CancellationTokenSource(LiveOptions.ClosePatience, time);
        await socket.CloseAsync(status, reason, patience.Token);
        return end;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AnswerAsync()
    {
        try
        {
            // Once it is told to end, its frames are read and dropped until it answers.
            if (cut is null) await SendAsync();
        }
        catch (WebSocketException) when (cut is not null)
        {
            // It was told between two answers.
        }
        batch.Clear();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync()
    {
        var began = time.GetTimestamp();
        Volatile.Write(ref lastFrameAt, began);
        var classifier = batch.Hands > 0 ? classifiers.Rent() : null;
        try
        {
            inferenceMs = Classify(classifier?.Classifier);
            var row = 0;
            for (var i = 0; i < batch.Count; i++)
            {
                Write(batch[i], classifier, ref row, began);
                wire.Hold = i < batch.Count - 1;
                var sending = socket.SendAsync(answer.Written, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage,
                    CancellationToken.None);
                if (sending.IsCompletedSuccessfully) continue;
                Volatile.Write(ref sendingSince, time.GetTimestamp());
                await sending;
                Volatile.Write(ref sendingSince, 0);
            }
        }
        finally
        {
            wire.Hold = false;
            if (classifier is not null) classifiers.Return(classifier);
        }
        Volatile.Write(ref answered, answered + batch.Count);
        if (batches++ % MeasuredOfBatches == 0) metrics.Answered(time.GetElapsedTime(began));
    }

    private double Classify(HandClassifier? classifier)
    {
        if (classifier is null) return 0;
        var began = time.GetTimestamp();
        for (var row = 0; row < batch.Hands; row++) batch.Row(row).CopyTo(classifier.Frame(row));
        classifier.Run(batch.Hands);
        return time.GetElapsedTime(began).TotalMilliseconds;
    }

    private void Write(FrameBatch.Frame frame, ServingClassifier? classifier, ref int row, long now)
    {
        if (frame.Fault is { } fault)
        {
            Fail(frame.Seq, fault);
        }
        else if (frame.Command is { } command)
        {
            if (word is null) Fail(frame.Seq, FrameFault.NoWord);
            else
            {
                word.Do(command);
                answer.Spelled(frame.Seq, word);
            }
        }
        else if (classifier is null)
        {
            Fail(frame.Seq, FrameFault.NoModel);
        }
        else
        {
            var guess = classifier.Classifier.Guess(row++);
            var smoothed = window.Push(guess);
            word?.Show(smoothed.Letter, TimeSpan.FromSeconds((double)now / time.TimestampFrequency));
            answer.Letter(frame.Seq!.Value, guess, smoothed, inferenceMs, classifier.Label, word);
        }
    }

    private void Fail(long? seq, FrameFault fault)
    {
        Volatile.Write(ref bad, bad + 1);
        answer.Fault(seq, fault);
    }

    // A connection that is ended with bytes unread is reset, and the far side would never see why.
    private async Task LingerAsync()
    {
        using var patience = new CancellationTokenSource(LiveOptions.ClosePatience, time);
        try
        {
            while (await wire.ReadAsync(buffer, patience.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Told often enough.
        }
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(FrameLimits.MostBytes);
        buffer.AsSpan(0, filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
