using System.Text;

namespace App.Tests.Engines.Models;

/// <summary>Protocol buffers written by hand, also in ways in which no library writes them.</summary>
internal static class Wire
{
    /// <summary>Added to a tag: readers that keep 32 bits of it do not see it.</summary>
    public const ulong Over32Bits = 1ul << 32;

    public static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(part => part)];

    public static byte[] Text(int field, string value) => Field(field, Encoding.UTF8.GetBytes(value));

    public static byte[] Field(int field, byte[] value, ulong more = 0) =>
        [.. Tag(field, 2, more), .. Varint((ulong)value.Length), .. value];

    public static byte[] Number(int field, ulong value, ulong more = 0) => [.. Tag(field, 0, more), .. Varint(value)];

    public static byte[] Tag(int field, int wire, ulong more = 0) => Varint((((ulong)field << 3) | (uint)wire) + more);

    /// <summary>A number; in more bytes than it needs where a width is given.</summary>
    public static byte[] Varint(ulong value, int width = 1)
    {
        var bytes = new List<byte>();
        for (; value > 127 || bytes.Count + 1 < width; value >>= 7) bytes.Add((byte)(value | 128));
        bytes.Add((byte)value);
        return [.. bytes];
    }
}
