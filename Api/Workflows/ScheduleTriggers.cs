using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>
/// The schedules of a workflow's triggers, brought to what the version says in the transaction that publishes it. One whose timing stays as it is keeps its next time, so
/// that a publication at the very moment it is due loses nothing; one that is gone keeps its history.
/// </summary>
internal static class ScheduleTriggers
{
    /// <returns>Null, or why the version cannot be published.</returns>
    public static async Task<Problem?> ReplaceAsync(ApiRequest request, Workflow workflow, CompiledWorkflow compiled, CancellationToken token)
    {
        var present = (await request.Db.LockSchedulesOfTriggersAsync(workflow.Id, token)).ToDictionary(row => row.TriggerId!);
        var triggers = compiled.Definition.Triggers;
        for (var index = 0; index < triggers.Count; index++)
        {
            if (triggers[index] is not { Schedule: { } wanted } trigger)
            {
                continue;
            }

            var calendarId = wanted.Calendar is { } calendar ? await request.FindCalendarAsync(calendar, token) : null;
            if (wanted.Calendar is not null && calendarId is null)
            {
                var message = $"There is no calendar '{wanted.Calendar}'.";
                return new Problem(Errors.DefinitionInvalid, message, [new ErrorDetail($"/triggers/{index}/calendar", "CALENDAR_UNKNOWN", message)]);
            }

            if (!present.Remove(trigger.Id, out var schedule))
            {
                schedule = new Schedule
                {
                    TenantId = workflow.TenantId,
                    Id = request.NewId(),
                    Name = "",
                    WorkflowId = workflow.Id,
                    TriggerId = trigger.Id,
                    AnchorAt = request.Now,
                    CreatedAt = request.Now,
                };
                request.Db.Schedules.Add(schedule);
            }

            await SetAsync(request, schedule, workflow, trigger, calendarId, token);
        }

        foreach (var gone in present.Values)
        {
            gone.DeletedAt = request.Now;
            gone.Touch(request.Now);
        }

        return null;
    }

    private static async Task SetAsync(
        ApiRequest request, Schedule schedule, Workflow workflow, TriggerDefinition trigger, Guid? calendarId, CancellationToken token)
    {
        var wanted = trigger.Schedule!;
        var isNew = schedule.Name.Length == 0;
        schedule.Name = $"{workflow.Name} / {trigger.Id}";
        schedule.Input = wanted.Input?.GetRawText() ?? "{}";
        if (isNew || schedule.Settings() != wanted.Settings || schedule.CalendarId != calendarId)
        {
            var business = calendarId is { } id ? await request.Db.FindBusinessCalendarAsync(id, token) : null;
            wanted.Settings.TryBuild(business, schedule.AnchorAt, out var timing, out _); // valid: the definition was compiled
            schedule.Set(wanted.Settings, calendarId);
            schedule.Retime(timing!, request.Now);
        }

        // What the platform itself switched off gets another try with what is published now.
        if (schedule.DisabledReason is not null && wanted.Settings.TryBuild(
            calendarId is { } known ? await request.Db.FindBusinessCalendarAsync(known, token) : null,
                schedule.AnchorAt, out var anew, out _))
        {
            (schedule.Enabled, schedule.DisabledReason, schedule.Failures, schedule.RetryAt) = (true, null, 0, null);
            schedule.Retime(anew, request.Now);
        }

        schedule.Touch(request.Now);
    }
}
