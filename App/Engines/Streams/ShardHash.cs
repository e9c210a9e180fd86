namespace App.Engines.Streams;

/// <summary>A hash that is the same in every process and version: FNV-1a, 32 bit, with a final mix.</summary>
internal static class ShardHash
{
    /// <summary>The shard of a key (such as organization and building) among <paramref name="shards"/>.</summary>
    public static short Of(ReadOnlySpan<char> organization, ReadOnlySpan<char> building, int shards)
    {
        var hash = Add(Add(Add(2166136261u, organization), "/"), building);
        // FNV's low bits alone spread badly over a power of two.
        hash ^= hash >> 16;
        hash *= 0x7feb352d;
        hash ^= hash >> 15;
        return (short)(hash % (uint)shards);
    }

    private static uint Add(uint hash, ReadOnlySpan<char> text)
    {
        foreach (var c in text) hash = (hash ^ c) * 16777619u;
        return hash;
    }
}
