namespace App.Platform.Http;

/// <summary>Reads the body of an answer up to a limit: the far side does not decide how much memory it takes here.</summary>
internal static class BoundedBody
{
    /// <summary>The bytes of a body; null: there are more than the limit.</summary>
    public static async Task<byte[]?> ReadAsync(HttpContent content, int limit, CancellationToken ct)
    {
        if (content.Headers.ContentLength > limit) return null;
        await using var stream = await content.ReadAsStreamAsync(ct);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 << 10];
        while (await stream.ReadAsync(chunk, ct) is > 0 and var read)
        {
            if (buffer.Length + read > limit) return null;
            buffer.Write(chunk, 0, read);
        }
        return buffer.ToArray();
    }
}
