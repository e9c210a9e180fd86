using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace App.Exchange.Messages.Email;

/// <summary>
/// The certificate authorities of <c>SMTP_CA_FILE</c>: a mail server whose certificate comes from one of them is trusted, beside
/// those that the system trusts. The name of the server must be right in any case.
/// </summary>
internal sealed class MailAuthorities(X509Certificate2Collection certificates)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Reads a file of certificates.</summary>
    /// <returns>Null when there is no such file, or it holds no certificate in the PEM format.</returns>
    public static MailAuthorities? Read(string path)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return null;
        }
        return certificates.Count > 0 ? new(certificates) : null;
    }

    /// <summary>Judges the certificate that a server has shown.</summary>
    public bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None) return true;
        // Another authority can mend only a broken chain: never a wrong name or a missing certificate.
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 shown) return false;
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        own.ChainPolicy.CustomTrustStore.AddRange(certificates);
        if (chain is not null) own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        return own.Build(shown);
    }
}
