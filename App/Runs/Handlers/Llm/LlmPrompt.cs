namespace App.Runs.Handlers.Llm;

/// <summary>What a language model is asked.</summary>
/// <param name="Model">Its name at the provider.</param>
/// <param name="System">Instructions; null: none.</param>
/// <param name="Messages">The conversation.</param>
/// <param name="MaxTokens">The longest answer.</param>
/// <param name="Temperature">0 to 2; null: the provider's default.</param>
internal sealed record LlmPrompt(string Model, string? System, IReadOnlyList<LlmMessage> Messages, int MaxTokens, double? Temperature);

/// <summary>A message of a conversation.</summary>
/// <param name="Role"><c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">A text.</param>
internal sealed record LlmMessage(string Role, string Content);

/// <summary>What a language model answered.</summary>
/// <param name="Model">The model that says it did.</param>
/// <param name="Text">The answer.</param>
/// <param name="StopReason">Why it ends, in the provider's words.</param>
/// <param name="InputTokens">Tokens read.</param>
/// <param name="OutputTokens">Tokens written.</param>
internal sealed record LlmAnswer(string Model, string Text, string? StopReason, long InputTokens, long OutputTokens);
