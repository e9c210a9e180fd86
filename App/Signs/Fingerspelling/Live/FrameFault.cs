namespace App.Signs.Fingerspelling.Live;

/// <summary>What is wrong with a frame.</summary>
/// <param name="Code">For programs.</param>
/// <param name="Message">Field, value and cure, for people.</param>
internal sealed record FrameFault(string Code, string Message)
{
    /// <summary>No version of the model serves; the frame is not at fault.</summary>
    public static FrameFault NoModel { get; } = new("no_model",
        "No model is active: register a version of 'fingerspelling' and activate it.");

    /// <summary>The connection spells no words.</summary>
    public static FrameFault NoWord { get; } = new("no_word",
        "This connection spells no words: open it with ?spell=true to send commands.");

    /// <summary>The text is no JSON object.</summary>
    public static FrameFault Json(string reason) =>
        new("invalid_json", $"The frame is no JSON object ({reason}): send {{\"seq\":1,\"landmarks\":[[x,y,z],…]}} with 21 points.");

    /// <summary>A binary frame of another length.</summary>
    public static FrameFault Length(int bytes) =>
        new("wrong_length", $"The frame has {bytes} bytes: send {BinaryFrame.Bytes}, a uint32 seq and 63 float32, little-endian.");

    /// <summary>A field that is needed.</summary>
    public static FrameFault Missing(string field) => new("missing_field", $"{field} is missing: every frame needs it.");

    /// <summary>A field that is there twice.</summary>
    public static FrameFault Duplicate(string field) => new("duplicate_field", $"{field} is there twice: send it once.");

    /// <summary>A field that means nothing here.</summary>
    public static FrameFault Unknown(string field) =>
        new("unknown_field", $"'{field}' means nothing here: send seq, landmarks and, if you like, handedness.");

    /// <summary>Another value than a field takes.</summary>
    public static FrameFault Value(string field, string cure) => new("invalid_" + field, $"{field} is not valid: {cure}.");

    /// <summary>A coordinate that is no number of a hand.</summary>
    public static FrameFault Coordinate(int at, float value) =>
        new("invalid_landmarks",
            $"landmarks[{at / 3}][{at % 3}] is {value}: send a finite number within ±{FrameLimits.LargestCoordinate}.");
}
