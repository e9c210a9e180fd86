using System.Runtime.CompilerServices;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// The wire under a WebSocket, read and written in larger pieces: frames that have arrived together are read at once, and
/// answers that are written while <see cref="Hold"/> is set leave with the first one after it. The WebSocket writes under a
/// lock of its own, so pings and closes keep their place among them.
/// </summary>
internal sealed class CoalescingStream(Stream wire) : Stream
{
    private const int BufferBytes = 4096;

    private readonly byte[] incoming = new byte[BufferBytes];
    private readonly byte[] outgoing = new byte[BufferBytes];
    private int read;
    private int available;
    private int pending;
    private volatile bool hold;

    /// <summary>Whether another answer follows at once.</summary>
    public bool Hold
    {
        get => hold;
        set => hold = value;
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (available > 0) return new(Take(buffer.Span));
        return buffer.Length >= BufferBytes ? wire.ReadAsync(buffer, cancellationToken) : FillAsync(buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length > outgoing.Length - pending) return SpillAsync(buffer, cancellationToken);
        buffer.CopyTo(outgoing.AsMemory(pending));
        pending += buffer.Length;
        return default;
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken)
    {
        if (hold || pending == 0) return Task.CompletedTask;
        // Kestrel's stream sends what it is given; and takes it before it answers.
        var writing = wire.WriteAsync(outgoing.AsMemory(0, pending), cancellationToken);
        pending = 0;
        return writing.IsCompletedSuccessfully ? Task.CompletedTask : writing.AsTask();
    }

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) wire.Dispose();
        base.Dispose(disposing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> FillAsync(Memory<byte> buffer, CancellationToken ct)
    {
        available = await wire.ReadAsync(incoming, ct);
        read = 0;
        return Take(buffer.Span);
    }

    private int Take(Span<byte> buffer)
    {
        var count = Math.Min(available, buffer.Length);
        incoming.AsSpan(read, count).CopyTo(buffer);
        read += count;
        available -= count;
        return count;
    }

    private async ValueTask SpillAsync(ReadOnlyMemory<byte> buffer, CancellationToken ct)
    {
        var held = pending;
        pending = 0;
        if (held > 0) await wire.WriteAsync(outgoing.AsMemory(0, held), ct);
        await wire.WriteAsync(buffer, ct);
    }
}
