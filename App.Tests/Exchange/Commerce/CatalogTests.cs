using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace App.Tests.Exchange.Commerce;

/// <summary>Items are added, changed and listed.</summary>
public sealed class CatalogTests(CommerceHost host) : IClassFixture<CommerceHost>
{
    private readonly HttpClient http = host.App.ClientOfItsOwn();

    [Fact]
    public async Task An_item_is_added_then_changed_and_many_come_at_once()
    {
        using var added = await http.PostAsJsonAsync("/api/catalog/items",
            new { sku = "b", name = "Bread", stock = 3, priceMinor = 120_000, currency = "NGN" });
        Assert.Equal(HttpStatusCode.OK, added.StatusCode);
        Assert.Equal(3, (await added.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("stock").GetInt32());
        using var many = await http.PostAsJsonAsync("/api/catalog/items",
            new { items = new[] { Item("c", 1), Item("a", 2), Item("b", 9) } });
        Assert.Equal(3, (await many.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("changed").GetInt32());
        using var same = await http.PostAsJsonAsync("/api/catalog/items", new { items = new[] { Item("a", 2) } });
        Assert.Equal(0, (await same.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("changed").GetInt32());

        var page = await http.GetFromJsonAsync<JsonElement>("/api/catalog/items?limit=2");
        Assert.Equal(["a", "b"], page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("sku").GetString()));
        var rest = await http.GetFromJsonAsync<JsonElement>($"/api/catalog/items?limit=2&cursor={page.GetProperty("next").GetString()}");
        Assert.Equal(["c"], rest.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("sku").GetString()));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
    }

    [Theory]
    [InlineData("""{"sku":"x","name":"n","stock":-1,"priceMinor":1,"currency":"NGN"}""", "stock")]
    [InlineData("""{"sku":"x","name":"n","stock":1,"priceMinor":1.5,"currency":"NGN"}""", "priceMinor")]
    [InlineData("""{"sku":"x","name":"n","stock":1,"priceMinor":1,"currency":"naira"}""", "currency")]
    [InlineData("""{"items":[{"sku":"x","name":"n","stock":1,"priceMinor":1,"currency":"NGN"},"""
        + """{"sku":"x","name":"n","stock":1,"priceMinor":1,"currency":"NGN"}]}""", "items")]
    [InlineData("""{"items":[]}""", "items")]
    [InlineData("""{"items":[7]}""", "items[0]")]
    [InlineData("""{"items":[{"sku":"x","name":"n","stock":1,"priceMinor":1}]}""", "items[0].currency")]
    public async Task A_fault_names_field_and_cure_and_nothing_is_stored(string body, string field)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await http.PostAsync("/api/catalog/items", content);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal(field,
            (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Empty((await http.GetFromJsonAsync<JsonElement>("/api/catalog/items")).GetProperty("items").EnumerateArray());
    }

    private static object Item(string sku, int stock) => new { sku, name = "Item " + sku, stock, priceMinor = 100, currency = "NGN" };
}
