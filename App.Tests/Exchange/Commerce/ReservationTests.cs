using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using App.Tests.Fixtures;
using Npgsql;

namespace App.Tests.Exchange.Commerce;

/// <summary>Stock is held, sold and given back, and there is never less than none.</summary>
public sealed class ReservationTests(CommerceHost host) : IClassFixture<CommerceHost>
{
    private readonly HttpClient http = host.App.ClientOfItsOwn();

    [Fact]
    public async Task Of_500_buyers_of_one_unit_at_once_one_gets_it()
    {
        await http.StockAsync("last", 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i =>
        {
            // Where so many wait for so long that the server says "later", they come again.
            var status = default(HttpStatusCode);
            await Poll.UntilAsync($"buyer {i} is answered", async () =>
            {
                using var response = await http.TryReserveAsync("last", 1, $"buyer-{i}");
                return (status = response.StatusCode) != HttpStatusCode.ServiceUnavailable;
            });
            return status;
        }));
        Assert.Equal(1, answers.Count(status => status == HttpStatusCode.Created));
        Assert.Equal(499, answers.Count(status => status == HttpStatusCode.Conflict));
        Assert.Equal(0, await http.LeftAsync("last"));
    }

    [Fact]
    public async Task Many_who_want_several_get_as_many_as_there_are()
    {
        await http.StockAsync("ten", 10);
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(async i =>
        {
            using var response = await http.TryReserveAsync("ten", 3, $"several-{i}");
            return response.StatusCode;
        }));
        Assert.Equal(3, answers.Count(status => status == HttpStatusCode.Created));
        Assert.Equal(1, await http.LeftAsync("ten"));
    }

    [Fact]
    public async Task The_database_refuses_less_than_none_and_a_second_end()
    {
        await http.StockAsync("held", 1);
        var id = (await http.ReserveAsync("held", 1, "schema")).IdOf();
        var below =
            await Assert.ThrowsAsync<PostgresException>(() =>
                host.App.ExecuteAsync("update catalog_items set stock = stock - 1 where sku = 'held'"));
        Assert.Equal(PostgresErrorCodes.CheckViolation, below.SqlState);
        await http.DeleteAsync($"/api/reservations/{id}");
        var again =
            await Assert.ThrowsAsync<PostgresException>(() =>
                host.App.ExecuteAsync($"update reservations set status = 'confirmed' where id = '{id}'"));
        Assert.Equal(PostgresErrorCodes.CheckViolation, again.SqlState);
    }

    [Fact]
    public async Task A_reference_is_one_reservation_however_often_it_is_sent()
    {
        await http.StockAsync("twice", 5);
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await http.ReserveAsync("twice", 2, "order-1")).IdOf()));
        Assert.Single(ids.Distinct());
        Assert.Equal(3, await http.LeftAsync("twice"));

        using var other = await http.TryReserveAsync("twice", 1, "order-1");
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Contains("another reference", await other.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Twins_that_want_the_last_one_under_one_reference_both_get_it()
    {
        await http.StockAsync("twins", 1);
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => (await http.ReserveAsync("twins", 1, "order-2")).IdOf()));
        Assert.Single(ids.Distinct());
    }

    [Fact]
    public async Task What_is_confirmed_is_sold_and_cannot_be_released()
    {
        await http.StockAsync("sold", 2);
        var id = (await http.ReserveAsync("sold", 1, "order-3")).IdOf();
        foreach (var _ in (int[])[1, 2])
        {
            using var confirmed = await http.PostAsync($"/api/reservations/{id}/confirm", null);
            Assert.Equal(HttpStatusCode.OK, confirmed.StatusCode);
            Assert.Equal("confirmed", (await confirmed.Content.ReadFromJsonAsync<JsonElement>()).StatusOf());
        }
        using var released = await http.DeleteAsync($"/api/reservations/{id}");
        Assert.Equal(HttpStatusCode.Conflict, released.StatusCode);
        Assert.Equal(1, await http.LeftAsync("sold"));
    }

    [Fact]
    public async Task What_is_released_comes_back_once()
    {
        await http.StockAsync("back", 4);
        var id = (await http.ReserveAsync("back", 3, "order-4")).IdOf();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => http.DeleteAsync($"/api/reservations/{id}")));
        Assert.Equal("released", (await http.ReservationAsync(id)).StatusOf());
        Assert.Equal(4, await http.LeftAsync("back"));
        using var again = await http.TryReserveAsync("back", 3, "order-4");
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        using var confirmed = await http.PostAsync($"/api/reservations/{id}/confirm", null);
        Assert.Equal(HttpStatusCode.Conflict, confirmed.StatusCode);
    }

    [Fact]
    public async Task A_confirmation_that_comes_when_the_time_is_over_is_too_late_by_the_clock_of_the_database()
    {
        await http.StockAsync("late", 1);
        var id = (await http.ReserveAsync("late", 1, "order-5")).IdOf();
        await host.App.EndTimeAsync(id);
        using var late = await http.PostAsync($"/api/reservations/{id}/confirm", null);
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Contains("expired", await late.Content.ReadAsStringAsync());
        Assert.Equal("expired", (await http.ReservationAsync(id)).StatusOf());
        Assert.Equal(1, await http.LeftAsync("late"));
    }

    [Fact]
    public async Task Of_a_confirmation_and_an_expiry_at_once_one_wins_and_the_stock_fits()
    {
        await http.StockAsync("race", 40);
        var ids = new List<string>();
        for (var i = 0; i < 40; i++) ids.Add((await http.ReserveAsync("race", 1, $"race-{i}")).IdOf());
        await Task.WhenAll(
            ids.SelectMany((id, i) =>
                (Task[])[host.App.EndTimeAsync(id), http.PostAsync($"/api/reservations/{id}/confirm", null),
                    http.PostAsync($"/api/reservations/{id}/confirm", null)]));
        var ended = await Task.WhenAll(ids.Select(async id => (await http.ReservationAsync(id)).StatusOf()));
        Assert.All(ended, status => Assert.Contains(status, (string[])["confirmed", "expired"]));
        Assert.Equal(ended.Count(status => status == "expired"), await http.LeftAsync("race"));
    }

    [Fact]
    public async Task A_reservation_expires_by_its_job_after_a_fraction_of_a_minute()
    {
        await using var quick = await CommerceHost.StartAsync(("RESERVATION_TTL_MINUTES", "0.01"));
        await quick.Http.StockAsync("brief", 1);
        var made = await quick.Http.ReserveAsync("brief", 1, "order-6");
        Assert.InRange(
            (made.GetProperty("expiresAt").GetDateTimeOffset() - made.GetProperty("createdAt").GetDateTimeOffset()).TotalSeconds, 0.3, 5);
        await Poll.UntilAsync("it has expired", async () => (await quick.Http.ReservationAsync(made.IdOf())).StatusOf() == "expired");
        Assert.Equal(1, await quick.Http.LeftAsync("brief"));
        Assert.Equal(1, await quick.ScalarAsync<long>("select count(*) from job_done where kind = 'reservation.expire'"));
    }

    [Fact]
    public async Task Nobody_sees_or_ends_the_reservations_of_another_organization()
    {
        await http.StockAsync("mine", 1);
        var id = (await http.ReserveAsync("mine", 1, "order-7")).IdOf();
        using var other = host.App.ClientOfItsOwn();
        using var seen = await other.GetAsync($"/api/reservations/{id}");
        using var confirmed = await other.PostAsync($"/api/reservations/{id}/confirm", null);
        using var released = await other.DeleteAsync($"/api/reservations/{id}");
        using var reserved = await other.TryReserveAsync("mine", 1, "order-7");
        Assert.All((HttpResponseMessage[])[seen, confirmed, released, reserved],
            response => Assert.Equal(HttpStatusCode.NotFound, response.StatusCode));
        Assert.Empty((await other.GetFromJsonAsync<JsonElement>("/api/reservations")).GetProperty("reservations").EnumerateArray());
        Assert.Equal("held", (await http.ReservationAsync(id)).StatusOf());
    }

    [Theory]
    [InlineData("""{"sku":"x","quantity":0,"reference":"r"}""", "quantity")]
    [InlineData("""{"sku":"x","quantity":1.5,"reference":"r"}""", "quantity")]
    [InlineData("""{"sku":"x","quantity":1}""", "reference")]
    [InlineData("""{"sku":"","quantity":1,"reference":"r"}""", "sku")]
    [InlineData("""{"sku":"x","quantity":1,"reference":"r","price":1}""", "price")]
    public async Task A_fault_names_field_and_cure(string body, string field)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await http.PostAsync("/api/reservations", content);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Equal(field,
            (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("field").GetString());
    }
}
