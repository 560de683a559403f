using System.Text.Json;

namespace Workflows.Sample;

/// <summary>A nightly job that spares holidays and weekends; and the same timing, once, a moment from now.</summary>
internal sealed class NightlySample : ISample
{
    private const string Calendar = "Germany (sample)";
    private const string Schedule = "Nightly (sample)";

    private static readonly string[] BusinessDays = ["monday", "tuesday", "wednesday", "thursday", "friday"];

    private static readonly object Nightly = new { cron = "30 1 * * *", timeZone = "Europe/Berlin", onNonBusinessDay = "nextBusinessDay", misfire = "fireOnce", overlap = "skip" };

    public string Name => "nightly";

    public string Summary => "a schedule at 1:30 in Berlin that moves from holidays to the next business day, and one that fires now";

    public async Task RunAsync(SampleRun run)
    {
        var workflow = await run.PublishAsync("nightly", "Close the books");
        var calendar = await CalendarAsync(run.Api);
        var timing = JsonSerializer.SerializeToNode(Nightly)!;
        timing["calendarId"] = calendar;
        var known = (await run.Api.GetAsync($"/api/v1/schedules?workflow={workflow}")).EnumerateArray().Where(item => item.GetProperty("name").GetString() == Schedule).ToList();
        var schedule = known.Count > 0
            ? known[0].GetProperty("id").GetGuid()
            : (await run.Api.PostAsync("/api/v1/schedules", new { name = Schedule, workflowId = workflow, timing })).GetProperty("id").GetGuid();

        var preview = await run.Api.PostAsync("/api/v1/schedules/preview", new { timing, count = 5, after = "2026-12-23T00:00:00Z" });
        SampleRun.Say($"schedule {schedule}; around Christmas it will fire at:");
        foreach (var fire in preview.GetProperty("fires").EnumerateArray())
        {
            SampleRun.Say($"  {fire.GetProperty("local").GetString()}");
        }

        var once = await run.Api.PostAsync("/api/v1/schedules", new
        {
            name = $"Once {Guid.CreateVersion7():N} (sample)", workflowId = workflow, timing = new { at = TimeProvider.System.GetUtcNow().AddSeconds(1.5) },
        });
        var fired = await run.Api.UntilAsync($"/api/v1/schedules/{once.GetProperty("id").GetGuid()}", view => view.GetProperty("lastFires").GetArrayLength() > 0);
        var execution = fired.GetProperty("lastFires")[0].GetProperty("executionId").GetGuid();
        SampleRun.Say($"a schedule for now has started execution {execution}");
        var ended = await run.Api.WaitForAsync(execution, "completed");
        SampleRun.ShowSteps(ended);
    }

    private static async Task<Guid> CalendarAsync(ApiClient api)
    {
        var known = (await api.GetAsync("/api/v1/calendars")).EnumerateArray().Where(item => item.GetProperty("name").GetString() == Calendar).ToList();
        return (known.Count > 0
            ? known[0]
            : await api.PostAsync("/api/v1/calendars", new
            {
                name = Calendar,
                businessDays = BusinessDays,
                days = new[] { new { day = "2026-12-25", name = "Christmas Day" }, new { day = "2026-12-26", name = "St Stephen's Day" }, new { day = "2027-01-01", name = "New Year" } },
            })).GetProperty("id").GetGuid();
    }
}
