using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Npgsql;

namespace App.Runs.Handlers.Llm;

/// <summary>What an organization has used of a model in a month.</summary>
internal sealed class LlmUsage
{
    /// <summary>The tenant.</summary>
    public required string Organization { get; init; }

    /// <summary>The month's first day, by UTC.</summary>
    public required DateOnly Month { get; init; }

    /// <summary><c>openai</c> or <c>anthropic</c>.</summary>
    public required string Provider { get; init; }

    /// <summary>The model.</summary>
    public required string Model { get; init; }

    /// <summary>Answers.</summary>
    public required long Requests { get; init; }

    /// <summary>Tokens read.</summary>
    public required long InputTokens { get; init; }

    /// <summary>Tokens written.</summary>
    public required long OutputTokens { get; init; }
}

internal sealed class LlmUsageConfiguration : IEntityTypeConfiguration<LlmUsage>
{
    public void Configure(EntityTypeBuilder<LlmUsage> builder)
    {
        builder.ToTable("llm_usage").HasKey(usage => new { usage.Organization, usage.Month, usage.Provider, usage.Model });
        builder.Property(usage => usage.Organization).HasColumnName("organization");
        builder.Property(usage => usage.Month).HasColumnName("month");
        builder.Property(usage => usage.Provider).HasColumnName("provider");
        builder.Property(usage => usage.Model).HasColumnName("model");
        builder.Property(usage => usage.Requests).HasColumnName("requests");
        builder.Property(usage => usage.InputTokens).HasColumnName("input_tokens");
        builder.Property(usage => usage.OutputTokens).HasColumnName("output_tokens");
    }
}

/// <summary>Keeps count of tokens. The month is the database's, so that all processes agree on it.</summary>
internal sealed class LlmMeter(NpgsqlDataSource source)
{
    private const string Month = "date_trunc('month', clock_timestamp() at time zone 'UTC')::date";

    /// <summary>Tokens that an organization has used this month.</summary>
    public async Task<long> UsedAsync(string organization, CancellationToken ct)
    {
        await using var command =
            source.CreateCommand(
                "select coalesce(sum(input_tokens + output_tokens), 0)::bigint from llm_usage where organization = $1 "
                + $"and month = {Month}");
        command.Parameters.Add(new() { Value = organization });
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Counts an answer. Not with the step's end, for it was paid for whatever becomes of the step.</summary>
    public async Task CountAsync(string organization, string provider, LlmAnswer answer, CancellationToken ct)
    {
        await using var command = source.CreateCommand($"""
            insert into llm_usage as u (organization, month, provider, model, requests, input_tokens, output_tokens)
                values ($1, {Month}, $2, $3, 1, $4, $5)
            on conflict (organization, month, provider, model) do update
            set requests = u.requests + 1, input_tokens = u.input_tokens + excluded.input_tokens,
                output_tokens = u.output_tokens + excluded.output_tokens
            """);
        command.Parameters.Add(new() { Value = organization });
        command.Parameters.Add(new() { Value = provider });
        command.Parameters.Add(new() { Value = answer.Model });
        command.Parameters.Add(new() { Value = answer.InputTokens });
        command.Parameters.Add(new() { Value = answer.OutputTokens });
        await command.ExecuteNonQueryAsync(ct);
    }
}
