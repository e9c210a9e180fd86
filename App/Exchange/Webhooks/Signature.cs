using System.Security.Cryptography;

namespace App.Exchange.Webhooks;

/// <summary>Tells genuine signatures without telling, by the time it takes, how much of a wrong one was right.</summary>
internal static class Signature
{
    /// <summary>Whether a signature in hex is that of the message under one of the secrets.</summary>
    public static bool IsGenuine(HashAlgorithmName algorithm, ReadOnlySpan<char> hex, ReadOnlySpan<byte> message,
        IReadOnlyList<byte[]> secrets)
    {
        Span<byte> sent = stackalloc byte[HMACSHA512.HashSizeInBytes], own = stackalloc byte[HMACSHA512.HashSizeInBytes];
        if (Convert.FromHexString(hex, sent, out _, out var length) != System.Buffers.OperationStatus.Done) return false;
        var genuine = false;
        foreach (var secret in secrets)
        {
            var written = CryptographicOperations.HmacData(algorithm, secret, message, own);
            genuine |= CryptographicOperations.FixedTimeEquals(own[..written], sent[..length]);
        }
        return genuine;
    }
}
