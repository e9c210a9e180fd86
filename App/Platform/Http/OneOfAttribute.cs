using System.Reflection;

namespace App.Platform.Http;

/// <summary>
/// Names the words that a text can be, for the API document. They are read from the list that the code itself checks
/// against, so that the document cannot say anything else.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
internal sealed class OneOfAttribute : Attribute
{
    /// <summary>The words themselves.</summary>
    public OneOfAttribute(params string[] words) => Words = words;

    /// <summary>The words of a static list.</summary>
    /// <param name="type">Where it is.</param>
    /// <param name="list">Name of the field or property.</param>
    public OneOfAttribute(Type type, string list) =>
        Words = (type.GetProperty(list, BindingFlags.Public | BindingFlags.Static)?.GetValue(null)
            ?? type.GetField(list, BindingFlags.Public | BindingFlags.Static)?.GetValue(null)) as IReadOnlyList<string>
            ?? throw new ArgumentException($"{type} has no public static list of texts '{list}'.", nameof(list));

    /// <summary>The words.</summary>
    public IReadOnlyList<string> Words { get; }
}
