using MimeKit;

namespace App.Exchange.Messages.Email;

/// <summary>Which texts are addresses of email.</summary>
internal static class MailAddresses
{
    private const int Longest = 320;

    private static readonly ParserOptions Strict = new()
    {
        AddressParserComplianceMode = RfcComplianceMode.Strict,
        AllowAddressesWithoutDomain = false,
        AllowUnquotedCommasInAddresses = false,
    };

    /// <summary>Whether a text is one address such as <c>ada@example.com</c>, without a name or anything else beside it.</summary>
    public static bool IsAddress(string text) =>
        text.Length <= Longest && MailboxAddress.TryParse(Strict, text, out var address) && address.Address == text
            && string.IsNullOrEmpty(address.Name);
}
