using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Schedules;

public sealed class ScheduleTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_schedule_is_made_changed_switched_off_and_deleted_under_its_version()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var created = (await owner.PostAsync("schedules", new
        {
            name = Samples.Name("nightly"),
            workflowId,
            timing = new
            {
                cron = "0 3 * * *", timeZone = "Europe/Berlin", misfire = "fireAll", misfireLimit = 3,
                overlap = "queue"
            },
            input = new { full = true },
        })).Ok(HttpStatusCode.Created);
        var path = $"schedules/{created.Id}";

        Assert.Equal(("queue", "fireAll", true),
            (Text(created, "timing", "overlap"), Text(created, "timing", "misfire"),
            created.Data.GetProperty("input").GetProperty("full").GetBoolean()));
        var next = created.Data.GetProperty("nextFireAt").GetDateTimeOffset();
        Assert.InRange(next, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddDays(1));
        Assert.Equal(3, TimeZoneInfo.ConvertTime(next, TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin")).Hour);

        var changed = (await owner.PatchAsync(path, created.ETag, new { timing = new { intervalSeconds = 3_600 } }))
            .Ok();
        Assert.InRange(changed.Data.GetProperty("nextFireAt").GetDateTimeOffset() - TimeProvider.System.GetUtcNow(),
            TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));
        (await owner.PatchAsync(path, created.ETag, new { enabled = false }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var off = (await owner.PatchAsync(path, changed.ETag, new { enabled = false })).Ok();
        Assert.Equal(0, (await owner.GetAsync(path)).Ok().Data.GetProperty("nextFires").GetArrayLength());
        (await owner.DeleteAsync(path, off.ETag)).Ok();
        (await owner.GetAsync(path)).Fails(HttpStatusCode.NotFound, "SCHEDULE_NOT_FOUND");
    }

    [Fact]
    public async Task The_firings_of_all_schedules_come_in_the_order_of_their_time()
    {
        var tenant = await api.Host.CreateTenantAsync($"f{Guid.CreateVersion7():n}"[..20]);
        using var owner = api.Host.Client(tenant.ApiKey);
        var workflowId = await owner.CreatePublishedAsync();
        async Task<Answer> AddAsync(string name, object timing, bool enabled = true) =>
            (await owner.PostAsync("schedules", new { name, workflowId, timing, enabled })).Ok(HttpStatusCode.Created);
        var now = TimeProvider.System.GetUtcNow();
        var midnight = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(2);
        var eve = midnight.AddMinutes(-1);
        await AddAsync("three", new { cron = "0 3 * * *", timeZone = "Africa/Nairobi" });
        await AddAsync("once", new { at = midnight.AddHours(1) });
        await AddAsync("off", new { cron = "* * * * *" }, enabled: false);
        var often = await AddAsync("often", new { intervalSeconds = 60 });
        string Query(DateTimeOffset from, DateTimeOffset to) =>
            $"schedules/fires?from={Uri.EscapeDataString(from.ToString("O"))}&to={Uri.EscapeDataString(to.ToString("O"))}";

        var many = (await owner.GetAsync(Query(eve, eve.AddDays(1)))).Ok().Data;
        (await owner.PatchAsync($"schedules/{often.Id}", often.ETag, new { enabled = false })).Ok();
        var few = (await owner.GetAsync(Query(eve, eve.AddDays(1)))).Ok().Data;

        Assert.True(many.GetProperty("capped").GetBoolean());
        Assert.Equal(202, many.GetProperty("fires").GetArrayLength());
        Assert.False(few.GetProperty("capped").GetBoolean());
        var fires = few.GetProperty("fires");
        Assert.Equal(["once", "three"],
            fires.EnumerateArray().Select(fire => fire.GetProperty("name").GetString()).Order());
        Assert.EndsWith(
            "T03:00:00+03:00", fires.EnumerateArray().Single(fire => fire.GetProperty("name").GetString() == "three")
                .GetProperty("local").GetString(), StringComparison.Ordinal);
        (await owner.GetAsync(Query(eve, eve.AddDays(90))))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
    }

    [Fact]
    public async Task It_shows_its_next_firings_and_what_came_of_the_last_ones()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        var id =
            (await owner.PostAsync("schedules",
            new { name = Samples.Name("s"), workflowId, timing = new { cron = "0 0 * * *" } }))
            .Ok(HttpStatusCode.Created).Id;
        var execution = (await owner.PostAsync($"workflows/{workflowId}/execute")).Ok(HttpStatusCode.Accepted).Id;
        await api.Host.ExecuteAsync(
            "insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome, execution_id) values ($1, $2, '2026-11-19 00:00Z', now(), 'started', $3), ($1, $2, '2026-11-20 00:00Z', now(), 'skipped', null)",
            api.Host.First.TenantId, id, execution);

        var view = (await owner.GetAsync($"schedules/{id}")).Ok().Data;

        var next = view.GetProperty("nextFires").EnumerateArray()
            .Select(fire => fire.GetProperty("at").GetDateTimeOffset()).ToList();
        Assert.Equal(10, next.Count);
        Assert.All(next.Zip(next.Skip(1)), pair => Assert.Equal(TimeSpan.FromDays(1), pair.Second - pair.First));
        Assert.Equal(
            [("skipped", null), ("started", "queued")],
            view.GetProperty("lastFires").EnumerateArray()
                .Select(fire =>
                (fire.GetProperty("outcome").GetString(),
                fire.TryGetProperty("status", out var status) ? status.GetString() : null)));
    }

    [Fact]
    public async Task A_calendar_is_named_by_name_or_id_as_in_a_trigger()
    {
        using var owner = api.Host.Owner();
        var name = Samples.Name("Feiertage");
        var calendar = (await owner.PostAsync("calendars", new { name }))
            .Ok(HttpStatusCode.Created).Data.GetProperty("calendar").GetProperty("id").GetGuid();
        var workflowId = await owner.CreatePublishedAsync();

        foreach (var given in new[] { name, name.ToUpperInvariant(), calendar.ToString() })
        {
            var made = (await owner.PostAsync("schedules",
                new { name = Samples.Name("s"), workflowId, timing = new { cron = "0 9 * * *", calendar = given } }))
                .Ok(HttpStatusCode.Created);
            Assert.Equal(calendar, made.Data.GetProperty("timing").GetProperty("calendarId").GetGuid());
        }

        var other = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        using var stranger = api.Host.Client(other.ApiKey);
        foreach (var (client, timing) in new (ApiClient, object)[]
        {
            (owner, new { cron = "0 9 * * *", calendar = "no such" }),
            (owner, new { cron = "0 9 * * *", calendar = name, calendarId = calendar }),
            (stranger, new { cron = "0 9 * * *", calendar = name }),
            (stranger, new { cron = "0 9 * * *", calendarId = calendar }),
        })
        {
            (await client.PostAsync("schedules/preview", new { timing }))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        }
    }

    [Fact]
    public async Task A_preview_shows_the_firings_of_settings_that_are_not_saved_with_holidays_and_the_clock()
    {
        using var owner = api.Host.Owner();
        var calendar =
            (await owner.PostAsync("calendars",
            new
            {
                name = Samples.Name("holidays"),
                days = new object[] { new { day = "2026-12-25", name = "Christmas" } }
            })).Ok(HttpStatusCode.Created);
        var calendarId = calendar.Data.GetProperty("calendar").GetProperty("id").GetGuid();

        var preview = (await owner.PostAsync("schedules/preview", new
        {
            timing = new { cron = "0 9 * * *", timeZone = "Europe/Berlin", calendarId, onNonBusinessDay = "skip" },
            after = "2026-12-23T12:00:00Z",
            count = 3,
        })).Ok().Data;
        var change =
            (await owner.PostAsync("schedules/preview",
            new
            {
                timing = new { cron = "30 2 * * *", timeZone = "Europe/Berlin" }, after = "2027-03-27T12:00:00Z",
                count = 2
            })).Ok().Data;

        Assert.Equal(["Thu 2026-12-24T09:00:00+01:00", "Mon 2026-12-28T09:00:00+01:00",
            "Tue 2026-12-29T09:00:00+01:00"], Locals(preview));
        Assert.Equal(["Sun 2027-03-28T03:00:00+02:00", "Mon 2027-03-29T02:30:00+02:00"], Locals(change));
    }

    [Theory]
    [InlineData("""{"cron": "61 * * * *"}""", "/timing/cron")]
    [InlineData("""{"cron": "0 0 30 2 *"}""", "/timing/cron")]
    [InlineData("""{"cron": "* * * * *", "timeZone": "Berlin"}""", "/timing/timeZone")]
    [InlineData("""{}""", "/timing/cron")]
    [InlineData("""{"at": "2020-01-01T00:00:00Z"}""", "/timing")]
    [InlineData("""{"cron": "* * * * *", "endsAt": "2020-01-01T00:00:00Z"}""", "/timing")]
    [InlineData("""{"cron": "* * * * *", "calendarId": "0199aaaa-0000-7000-8000-000000000000"}""",
        "/timing/calendarId")]
    [InlineData("""{"cron": "* * * * *", "misfire": "never"}""", "/timing/misfire")]
    public async Task A_timing_that_cannot_be_used_is_refused_with_its_field(string timing, string at)
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        foreach (var (path,
            body) in new[] { ("schedules",
            $$"""{"name": "x", "workflowId": "{{workflowId}}", "timing": {{timing}} }"""),
            ("schedules/preview", $$"""{"timing": {{timing}} }""") })
        {
            var answer = (await owner.PostAsync(path, body)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
            Assert.Equal(at,
                answer.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
        }
    }

    [Fact]
    public async Task A_target_must_exist_and_its_input_must_fit()
    {
        using var owner = api.Host.Owner();
        var workflowId =
            await owner.CreatePublishedAsync(Samples.Definition(new { type = "object", required = new[] { "n" } }));
        var timing = new { cron = "@daily" };

        (await owner.PostAsync("schedules", new { name = "x", timing }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("schedules", new { name = "x", timing, workflowId, jobId = workflowId }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("schedules", new { name = "x", timing, workflowId = Guid.CreateVersion7() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("schedules", new { name = "x", timing, jobId = Guid.CreateVersion7() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("schedules", new { name = "x", timing, packageId = Guid.CreateVersion7() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("schedules", new { name = "x", timing, workflowId }))
            .Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");
        (await owner.PostAsync("schedules",
            new { name = Samples.Name("x"), timing, workflowId, input = new { n = 1 } })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("schedules/preview", new { timing, count = Limits.PreviewedFires + 1 }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Publishing_brings_the_schedules_of_triggers_with_it()
    {
        using var owner = api.Host.Owner();
        var calendar = Samples.Name("calendar");
        (await owner.PostAsync("calendars", new { name = calendar })).Ok(HttpStatusCode.Created);
        var workflow =
            await owner.CreateWorkflowAsync(Triggered(new
            {
                id = "nightly", type = "schedule", cron = "0 3 * * *",
                calendar = calendar.ToUpperInvariant(), input = new { a = 1 }
            }));
        Assert.Empty(await OfWorkflowAsync(owner, workflow.Id));
        (await owner.PostAsync($"workflows/{workflow.Id}/publish")).Ok();
        var first = Assert.Single(await OfWorkflowAsync(owner, workflow.Id));

        Assert.Equal(("nightly", 1),
            (first.GetProperty("triggerId").GetString(), first.GetProperty("input").GetProperty("a").GetInt32()));
        var path = $"schedules/{first.GetProperty("id").GetGuid()}";
        var etag = (await owner.GetAsync(path)).Ok().ETag;
        (await owner.PatchAsync(path, etag, new { timing = new { cron = "@daily" } }))
            .Fails(HttpStatusCode.Conflict, "SCHEDULE_OF_TRIGGER");
        (await owner.DeleteAsync(path, etag)).Fails(HttpStatusCode.Conflict, "SCHEDULE_OF_TRIGGER");
        (await owner.PatchAsync(path, etag, new { enabled = false })).Ok();

        // The same timing again: the same schedule, still due when it was, still switched off; and one more.
        await api.Host.ExecuteAsync(
            "update schedules set next_tick = '2026-01-01Z', next_fire_at = '2026-01-01Z' where id = $1",
            first.GetProperty("id").GetGuid());
        await RepublishAsync(owner, workflow.Id, Triggered(
            new { id = "nightly", type = "schedule", cron = "0 3 * * *", calendar, input = new { a = 2 } },
                new { id = "hourly", type = "schedule", cron = "@hourly" }));
        var second = await OfWorkflowAsync(owner, workflow.Id);
        Assert.Equal(["nightly", "hourly"], second.Select(item => item.GetProperty("triggerId").GetString()));
        Assert.Equal((first.GetProperty("id").GetGuid(), false, 2),
            (second[0].GetProperty("id").GetGuid(), second[0].GetProperty("enabled").GetBoolean(),
            second[0].GetProperty("input").GetProperty("a").GetInt32()));
        Assert.Equal(2026, second[0].GetProperty("nextFireAt").GetDateTimeOffset().Year);
        Assert.Equal(1, second[0].GetProperty("nextFireAt").GetDateTimeOffset().Month);

        await RepublishAsync(owner, workflow.Id,
            Triggered(new { id = "hourly", type = "schedule", cron = "30 * * * *" }));
        var third = Assert.Single(await OfWorkflowAsync(owner, workflow.Id));
        Assert.Equal(30, third.GetProperty("nextFireAt").GetDateTimeOffset().Minute);
        Assert.Equal(second[1].GetProperty("id").GetGuid(), third.GetProperty("id").GetGuid());

        (await owner.DeleteAsync($"workflows/{workflow.Id}", "*")).Ok();
        Assert.Empty(await OfWorkflowAsync(owner, workflow.Id));
    }

    [Fact]
    public async Task A_trigger_with_an_unknown_calendar_is_not_published()
    {
        using var owner = api.Host.Owner();
        var workflow =
            await owner.CreateWorkflowAsync(Triggered(new
            {
                id = "t", type = "schedule", cron = "@daily",
                calendar = "nobody's"
            }));

        var refused = (await owner.PostAsync($"workflows/{workflow.Id}/publish"))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");

        Assert.Equal("/triggers/0/calendar",
            refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
        Assert.Equal(JsonValueKind.Null,
            (await owner.GetAsync($"workflows/{workflow.Id}"))
            .Ok().Data.TryGetProperty("publishedVersion", out var number) ? number.ValueKind : JsonValueKind.Null);
    }

    [Fact]
    public async Task A_change_of_a_calendar_moves_the_schedules_that_go_by_it()
    {
        using var owner = api.Host.Owner();
        var calendar =
            (await owner.PostAsync("calendars",
            new
            {
                name = Samples.Name("c"),
                businessDays = Enum.GetNames<DayOfWeek>().Select(day => day.ToLowerInvariant())
            }))
            .Ok(HttpStatusCode.Created);
        var (calendarId, workflowId) = (calendar.Data.GetProperty("calendar").GetProperty("id").GetGuid(),
            await owner.CreatePublishedAsync());
        var schedule =
            (await owner.PostAsync("schedules",
            new { name = Samples.Name("s"), workflowId, timing = new { cron = "0 0 * * *", calendarId } }))
            .Ok(HttpStatusCode.Created);
        var before = schedule.Data.GetProperty("nextFireAt").GetDateTimeOffset();
        var day = before.ToString("yyyy-MM-dd", null);

        var added =
            (await owner.SendAsync(HttpMethod.Post, $"calendars/{calendarId}/days",
            ApiClient.Json(new { days = new[] { new { day, name = "closed" } } }), ("If-Match", calendar.ETag))).Ok();
        Assert.Equal(before.AddDays(1), await NextAsync(owner, schedule.Id));
        Assert.Equal([day],
            added.Data.GetProperty("days").EnumerateArray().Select(item => item.GetProperty("day").GetString()));
        (await owner.DeleteAsync($"calendars/{calendarId}/days/{day}", calendar.ETag))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var removed = (await owner.DeleteAsync($"calendars/{calendarId}/days/{day}", added.ETag)).Ok();
        Assert.Equal(before, await NextAsync(owner, schedule.Id));
        (await owner.DeleteAsync($"calendars/{calendarId}/days/{day}", removed.ETag))
            .Fails(HttpStatusCode.NotFound, "CALENDAR_DAY_NOT_FOUND");
        (await owner.DeleteAsync($"calendars/{calendarId}/days/never", removed.ETag))
            .Fails(HttpStatusCode.NotFound, "CALENDAR_DAY_NOT_FOUND");

        (await owner.DeleteAsync($"calendars/{calendarId}", removed.ETag)).Fails(HttpStatusCode.Conflict, "IN_USE");
        (await owner.DeleteAsync($"schedules/{schedule.Id}", "*")).Ok();
        (await owner.DeleteAsync($"calendars/{calendarId}", "*")).Ok();
        (await owner.GetAsync($"calendars/{calendarId}")).Fails(HttpStatusCode.NotFound, "CALENDAR_NOT_FOUND");
    }

    [Fact]
    public async Task A_calendar_keeps_its_rules()
    {
        using var owner = api.Host.Owner();
        var name = Samples.Name("c");
        (await owner.PostAsync("calendars", new { name })).Ok(HttpStatusCode.Created);

        (await owner.PostAsync("calendars", new { name = name.ToUpperInvariant() }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PostAsync("calendars", new { name = "x", businessDays = Array.Empty<string>() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("calendars", new { name = "x", businessDays = new[] { "someday" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("calendars", new { name = "x", days = new[] { new { day = "2026-02-30" } } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("calendars",
            new { name = "x", days = new[] { new { day = "2026-02-03" }, new { day = "2026-02-03" } } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("calendars",
            new
            {
                name = "x",
                days = Enumerable.Range(0, Limits.CalendarDays + 1)
            .Select(n => new { day = new DateOnly(2026, 1, 1).AddDays(n) })
            }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    private static object Triggered(params object[] triggers) =>
        new
        {
            schema = 1, triggers, nodes = new object[] { new { id = "only", type = "noop" } },
            edges = Array.Empty<object>()
        };

    private static async Task RepublishAsync(ApiClient owner, Guid workflowId, object definition)
    {
        (await owner.PatchAsync($"workflows/{workflowId}", "*", new { definition })).Ok();
        (await owner.PostAsync($"workflows/{workflowId}/publish")).Ok();
    }

    private static async Task<List<JsonElement>> OfWorkflowAsync(ApiClient owner, Guid workflowId) =>
        [.. (await owner.GetAsync($"schedules?workflow={workflowId}")).Ok().Data.EnumerateArray()];

    private static async Task<DateTimeOffset> NextAsync(ApiClient owner, Guid id) =>
        (await owner.GetAsync($"schedules/{id}")).Ok().Data.GetProperty("schedule").GetProperty("nextFireAt")
            .GetDateTimeOffset();

    private static IEnumerable<string?> Locals(JsonElement preview) => preview.GetProperty("fires").EnumerateArray()
        .Select(fire => fire.GetProperty("local").GetString());

    private static string? Text(Answer answer, string member, string inner) => answer.Data.GetProperty(member)
        .GetProperty(inner).GetString();
}
