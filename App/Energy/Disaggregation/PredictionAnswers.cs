using System.ComponentModel.DataAnnotations;
using App.Platform.Http;

namespace App.Energy.Disaggregation;

/// <summary>A page of predictions.</summary>
/// <param name="BuildingId">The building.</param>
/// <param name="Predictions">By time and appliance.</param>
/// <param name="Next">Cursor of the next page; null at the end.</param>
internal sealed record PredictionPage(string BuildingId, IReadOnlyList<PredictionAnswer> Predictions, string? Next);

/// <summary>What an appliance has used in a minute.</summary>
/// <param name="Ts">Beginning of the minute.</param>
/// <param name="Appliance">The appliance; <c>other</c> is what the others leave of the mains.</param>
/// <param name="Watts">Its mean power.</param>
/// <param name="On">Whether it was on.</param>
/// <param name="Final">Whether it stays so; otherwise readings that are still to come may change it.</param>
/// <param name="Model">The model version that tells it.</param>
/// <example>{"ts":"2026-11-29T08:00:00Z","appliance":"kettle","watts":2011.5,"on":true,"final":true,"model":"disaggregation@1"}</example>
internal sealed record PredictionAnswer(
    [DataType(DataType.DateTime)] string Ts, [OneOf(typeof(Appliances), nameof(Appliances.All))] string Appliance, float Watts, bool On,
    bool Final, string Model);
