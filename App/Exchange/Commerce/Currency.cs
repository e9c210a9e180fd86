namespace App.Exchange.Commerce;

/// <summary>How many of a currency's smallest unit make one of it.</summary>
internal static class Currency
{
    // Of the currencies that our providers take, those without a smaller unit; all others have a hundredth.
    private static readonly string[] Whole = ["XAF", "XOF", "RWF", "UGX", "GNF", "JPY"];

    /// <summary>100, or 1.</summary>
    public static int MinorOf(string currency) => Whole.Contains(currency) ? 1 : 100;

    /// <summary>An amount as people write it: <c>500.00 NGN</c>.</summary>
    public static string Write(long minor, string currency) =>
        MinorOf(currency) == 1 ? $"{minor} {currency}" : FormattableString.Invariant($"{minor / 100m:0.00} {currency}");
}
