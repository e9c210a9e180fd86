using System.Buffers.Text;
using System.Text.Json;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Writes answers as JSON into a buffer that it keeps: nothing is allocated for a letter. Confidences have four decimals,
/// durations are milliseconds down to a tenth of a microsecond.
/// </summary>
internal sealed class AnswerWriter
{
    // A word of WordBuilder.MostCharacters and the longest fault fit several times over.
    private readonly byte[] buffer = new byte[4096];
    private int length;

    /// <summary>The answer written last.</summary>
    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, length);

    /// <summary>The letter of a frame.</summary>
    /// <param name="seq">Of the frame.</param>
    /// <param name="guess">What the model says of it.</param>
    /// <param name="smoothed">What it and those before it say together.</param>
    /// <param name="inferenceMs">How long the model ran for the batch of the frame.</param>
    /// <param name="model">Label of its version, as JSON.</param>
    /// <param name="word">What is spelled, where the connection asked for it.</param>
    public void Letter(long seq, LetterGuess guess, LetterGuess smoothed, double inferenceMs, ReadOnlySpan<byte> model, WordBuilder? word)
    {
        Begin(seq);
        Raw(",\"letter\":"u8);
        Guess(guess);
        Raw(",\"smoothed\":{\"letter\":"u8);
        Guess(smoothed);
        Raw("},\"inferenceMs\":"u8);
        Decimal(inferenceMs);
        Raw(",\"model\":"u8);
        Raw(model);
        Word(word);
        Raw("}"u8);
    }

    /// <summary>What is wrong with a frame.</summary>
    public void Fault(long? seq, FrameFault fault)
    {
        Begin(seq);
        Raw(",\"error\":{\"code\":\""u8);
        Raw(JsonEncodedText.Encode(fault.Code).EncodedUtf8Bytes);
        Raw("\",\"message\":\""u8);
        Raw(JsonEncodedText.Encode(fault.Message).EncodedUtf8Bytes);
        Raw("\"}}"u8);
    }

    /// <summary>The word after a command.</summary>
    public void Spelled(long? seq, WordBuilder word)
    {
        Begin(seq);
        Word(word);
        Raw("}"u8);
    }

    private void Begin(long? seq)
    {
        length = 0;
        Raw("{\"seq\":"u8);
        if (seq is { } number) Number(number);
        else Raw("null"u8);
    }

    private void Guess(LetterGuess guess)
    {
        if (guess.Letter is { } letter) Quoted(letter);
        else Raw("null"u8);
        Raw(",\"confidence\":"u8);
        Decimal(guess.Confidence);
    }

    private void Word(WordBuilder? word)
    {
        if (word is null) return;
        Raw(",\"spelled\":{\"text\":\""u8);
        // Letters of the alphabet and spaces: nothing to escape.
        foreach (var character in word.Text) buffer[length++] = (byte)character;
        Raw("\",\"held\":"u8);
        if (word.Held is { } held) Quoted(held);
        else Raw("null"u8);
        Raw(",\"progress\":"u8);
        Decimal(word.Progress);
        Raw("}"u8);
    }

    private void Quoted(char letter)
    {
        buffer[length] = (byte)'"';
        buffer[length + 1] = (byte)letter;
        buffer[length + 2] = (byte)'"';
        length += 3;
    }

    private void Number(long number)
    {
        Utf8Formatter.TryFormat(number, buffer.AsSpan(length), out var written);
        length += written;
    }

    // By whole numbers, which is several times as fast as formatting a fraction.
    private void Decimal(double value)
    {
        var tenThousandths = (long)Math.Round(value * 10_000);
        Number(tenThousandths / 10_000);
        var rest = (int)(tenThousandths % 10_000);
        if (rest == 0) return;
        buffer[length] = (byte)'.';
        for (var at = length + 4; at > length; at--, rest /= 10) buffer[at] = (byte)('0' + (rest % 10));
        length += 5;
    }

    private void Raw(ReadOnlySpan<byte> text)
    {
        text.CopyTo(buffer.AsSpan(length));
        length += text.Length;
    }
}
