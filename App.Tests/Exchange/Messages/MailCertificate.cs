using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace App.Tests.Exchange.Messages;

/// <summary>A certificate that a mail server on loopback signs for itself, as servers inside a company do.</summary>
internal static class MailCertificate
{
    /// <summary>Makes one for an address.</summary>
    public static X509Certificate2 Create(string address = "127.0.0.1")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=sink.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
