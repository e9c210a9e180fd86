using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;

namespace App.Tests.Exchange.Commerce;

/// <summary>A catalog as a client of the API sees it.</summary>
internal static class Shop
{
    /// <summary>Adds or changes an item.</summary>
    public static async Task StockAsync(this HttpClient http, string sku, int stock, long priceMinor = 500_00, string currency = "NGN")
    {
        using var response = await http.PostAsJsonAsync("/api/catalog/items",
            new { sku, name = "Item " + sku, stock, priceMinor, currency });
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>What is left of an item.</summary>
    public static async Task<int> LeftAsync(this HttpClient http, string sku) =>
        (await http.GetFromJsonAsync<JsonElement>("/api/catalog/items?limit=10000")).GetProperty("items")
            .EnumerateArray().Single(item => item.GetProperty("sku").GetString() == sku).GetProperty("stock").GetInt32();

    /// <summary>Asks for stock.</summary>
    public static Task<HttpResponseMessage> TryReserveAsync(this HttpClient http, string sku, int quantity, string reference) =>
        http.PostAsJsonAsync("/api/reservations", new { sku, quantity, reference });

    /// <summary>Reserves what is there.</summary>
    public static async Task<JsonElement> ReserveAsync(this HttpClient http, string sku, int quantity, string reference)
    {
        using var response = await http.TryReserveAsync(sku, quantity, reference);
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>A reservation as it is now.</summary>
    public static Task<JsonElement> ReservationAsync(this HttpClient http, string id) =>
        http.GetFromJsonAsync<JsonElement>($"/api/reservations/{id}");

    /// <summary>Lets the time of a reservation be over.</summary>
    public static Task EndTimeAsync(this AppHost host, string id) =>
        host.ExecuteAsync($"update reservations set expires_at = clock_timestamp() where id = '{id}'");

    /// <summary>The one payment of a reference, once there is one.</summary>
    public static async Task<JsonElement> PaymentAsync(this HttpClient http, string reference, string status = "succeeded")
    {
        var found = default(JsonElement);
        await Poll.UntilAsync($"payment {reference} is {status}", async () =>
        {
            var payments =
                (await http.GetFromJsonAsync<JsonElement>(
                    $"/api/payments?reference={Uri.EscapeDataString(reference)}&status={status}")).GetProperty("payments");
            if (payments.GetArrayLength() != 1) return false;
            found = payments[0];
            return true;
        });
        return found;
    }

    public static string IdOf(this JsonElement element) => element.GetProperty("id").GetString()!;

    public static string StatusOf(this JsonElement element) => element.GetProperty("status").GetString()!;
}
