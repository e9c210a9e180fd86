using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace App.Signs.Fingerspelling.Live;

/// <summary>The frame of programs that count bytes: uint32 seq and 63 float32, little-endian.</summary>
internal static class BinaryFrame
{
    /// <summary>Length of every frame.</summary>
    public const int Bytes = sizeof(uint) + (Landmarks.Size * sizeof(float));

    /// <summary>Reads a frame; answers what is wrong with it, or null.</summary>
    public static FrameFault? Read(ReadOnlySpan<byte> frame, Span<float> landmarks, out long? seq)
    {
        seq = frame.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(frame) : null;
        if (frame.Length != Bytes) return FrameFault.Length(frame.Length);
        if (BitConverter.IsLittleEndian) MemoryMarshal.Cast<byte, float>(frame[sizeof(uint)..]).CopyTo(landmarks);
        else
            for (var i = 0; i < landmarks.Length; i++)
                landmarks[i] = BinaryPrimitives.ReadSingleLittleEndian(frame[(sizeof(uint) * (i + 1))..]);
        for (var i = 0; i < landmarks.Length; i++)
            if (!FrameLimits.Takes(landmarks[i])) return FrameFault.Coordinate(i, landmarks[i]);
        return null;
    }
}
