using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;
using Workflows.Engine.Schedules;

namespace Workflows.Api.Schedules;

internal static class ScheduleEndpoints
{
    public static void MapSchedules(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/schedules").WithTags("Schedules");
        group.MapGet("", ListAsync).Requires(Permission.SchedulesRead).ReadsStaged()
            .WithSummary("List schedules, those of workflow triggers included");
        group.MapPost("", CreateAsync).Requires(Permission.SchedulesWrite).WithMetadata(new SuccessStatus(201))
            .StagesNew(StagedKind.Schedule).WithSummary("Create a schedule");
        group.MapPost("/preview", PreviewAsync).Requires(Permission.SchedulesRead).WithSummary("Show when settings would fire, without saving them");
        group.MapGet("/{scheduleId:guid}", GetAsync).Requires(Permission.SchedulesRead).ReadsStaged()
            .WithSummary("Get a schedule with its next and last firings");
        group.MapPatch("/{scheduleId:guid}", UpdateAsync).Requires(Permission.SchedulesWrite)
            .StagesChange(StagedKind.Schedule).WithSummary("Change a schedule, or switch it on and off");
        group.MapDelete("/{scheduleId:guid}", DeleteAsync).Requires(Permission.SchedulesWrite)
            .StagesChange(StagedKind.Schedule).WithSummary("Delete a schedule; what it started runs on");
    }

    private static async Task<ApiResponse<List<ScheduleItem>>> ListAsync(
        [AsParameters] ScheduleQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"schedules?{filter}");
        var schedules = request.Db.Schedules.AsNoTracking();
        schedules = filter.Workflow is { } workflow ? schedules.Where(row => row.WorkflowId == workflow) : schedules;
        schedules = filter.Job is { } job ? schedules.Where(row => row.JobId == job) : schedules;
        schedules = filter.Package is { } package ? schedules.Where(row => row.PackageId == package) : schedules;
        schedules = filter.Enabled is { } enabled ? schedules.Where(row => row.Enabled == enabled) : schedules;
        var total = await schedules.CountAsync(query, cancellationToken);
        var rows = await schedules.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<ScheduleItem>>.Page([.. rows.Select(View)], pagination, FieldSelection.Read<ScheduleItem>(query));
    }

    private static async Task<ApiResponse<PreviewView>> PreviewAsync(Body<PreviewRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        var (wanted, count, after) = body.Value;
        if (count is < 1 or > Limits.PreviewedFires)
        {
            return Problem.Invalid("/count", $"1 to {Limits.PreviewedFires} firings are shown.", "COUNT");
        }

        var (timing, _, problem) = await TimingAsync(request, wanted, request.Now, cancellationToken);
        return problem is not null ? problem : new PreviewView(Fires(timing!, after ?? request.Now, count));
    }

    private static async Task<ApiResponse<ScheduleView>> GetAsync(Guid scheduleId, ApiRequest request, CancellationToken cancellationToken)
    {
        var schedule = await request.Db.Schedules.AsNoTracking().SingleOrDefaultAsync(row => row.Id == scheduleId, cancellationToken);
        if (schedule is null)
        {
            return new Problem(Errors.ScheduleNotFound);
        }

        var calendar = schedule.CalendarId is { } id ? await request.Db.FindBusinessCalendarAsync(id, cancellationToken) : null;
        var next = schedule is { Enabled: true, NextTick: { } tick } && schedule.Settings().TryBuild(calendar, schedule.AnchorAt, out var timing, out _)
            ? Fires(timing, tick.AddTicks(-1), Limits.ShownFires)
            : [];
        var last = await request.Db.ScheduleFires.AsNoTracking().Where(fire => fire.ScheduleId == scheduleId)
            .OrderByDescending(fire => fire.Tick).Take(Limits.ShownFires)
            .Select(fire => new FireView(
                fire.Tick, fire.FiredAt, fire.Outcome, fire.Reason, fire.ExecutionId, fire.JobRunId,
                request.Db.Executions.Where(row => row.Id == fire.ExecutionId).Select(row => row.Status).FirstOrDefault()
                    ?? request.Db.JobRuns.Where(row => row.Id == fire.JobRunId).Select(row => row.Status).FirstOrDefault()))
            .ToListAsync(cancellationToken);
        return ApiResponse<ScheduleView>.Ok(new ScheduleView(View(schedule), next, last), schedule.Version);
    }

    private static async Task<ApiResponse<ScheduleItem>> CreateAsync(Body<CreateScheduleRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description, wanted.Input) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<ScheduleItem>(async token =>
        {
            var (timing, calendarId, refusal) = await TimingAsync(request, wanted.Timing, request.Now, token);
            if (refusal is not null || (refusal = await CheckTargetAsync(request, wanted, token)) is not null)
            {
                return refusal;
            }

            var schedule = new Schedule
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                Name = wanted.Name,
                Description = wanted.Description,
                WorkflowId = wanted.WorkflowId,
                JobId = wanted.JobId,
                PackageId = wanted.PackageId,
                Input = wanted.Input?.GetRawText() ?? "{}",
                Enabled = wanted.Enabled,
                AnchorAt = request.Now,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            schedule.Set(timing!.Settings, calendarId);
            schedule.Retime(timing, request.Now);
            request.Db.Schedules.Add(schedule);
            request.Record("schedule.create", "schedule", schedule.Id, schedule.Name, after: Summary(schedule));
            return ApiResponse<ScheduleItem>.Created(View(schedule), $"/api/v1/schedules/{schedule.Id}", schedule.Version);
        });
    }

    private static async Task<ApiResponse<ScheduleItem>> UpdateAsync(Guid scheduleId, Body<UpdateScheduleRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(wanted.Name, wanted.Description, wanted.Input) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<ScheduleItem>(async token =>
        {
            var schedule = await request.Db.LockScheduleAsync(scheduleId, token);
            if (schedule is null)
            {
                return new Problem(Errors.ScheduleNotFound);
            }

            if (request.CheckMatch(schedule) is { } conflict)
            {
                return conflict;
            }

            if (schedule.TriggerId is not null && wanted is not { Name: null, Timing: null, Input: null, Description: null })
            {
                return new Problem(Errors.ScheduleOfTrigger);
            }

            if (wanted.Input is { } input && schedule.WorkflowId is { } workflowId && await CheckInputAsync(request, workflowId, input, token) is { } invalid)
            {
                return invalid;
            }

            var before = Summary(schedule);
            var isSwitchedOn = wanted.Enabled == true && !schedule.Enabled;
            (schedule.Name, schedule.Description, schedule.Enabled) =
                (wanted.Name ?? schedule.Name, wanted.Description ?? schedule.Description, wanted.Enabled ?? schedule.Enabled);
            if (schedule.Enabled)
            {
                (schedule.DisabledReason, schedule.Failures, schedule.RetryAt) = (null, 0, null);
            }

            schedule.Input = wanted.Input?.GetRawText() ?? schedule.Input;
            if (wanted.Timing is not null || isSwitchedOn)
            {
                var (timing, calendarId, refusal) = await TimingAsync(
                    request, wanted.Timing ?? Timing.Of(schedule.Settings(), schedule.CalendarId), wanted.Timing is null ? schedule.AnchorAt : request.Now, token);
                if (refusal is not null)
                {
                    return refusal;
                }

                schedule.AnchorAt = wanted.Timing is null ? schedule.AnchorAt : request.Now;
                schedule.Set(timing!.Settings, calendarId);
                schedule.Retime(timing, request.Now); // what passed while it was switched off was not missed, it was not wanted
            }

            schedule.Touch(request.Now);
            request.Record("schedule.update", "schedule", schedule.Id, schedule.Name, before, Summary(schedule));
            return ApiResponse<ScheduleItem>.Ok(View(schedule), schedule.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid scheduleId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var schedule = await request.Db.LockScheduleAsync(scheduleId, token);
        if (schedule is null)
        {
            return new Problem(Errors.ScheduleNotFound);
        }

        if (request.CheckMatch(schedule) is { } conflict)
        {
            return conflict;
        }

        if (schedule.TriggerId is not null)
        {
            return new Problem(Errors.ScheduleOfTrigger);
        }

        schedule.DeletedAt = request.Now;
        schedule.Touch(request.Now);
        request.Record("schedule.delete", "schedule", schedule.Id, schedule.Name, Summary(schedule));
        return new Done(schedule.Id, "deleted");
    });

    /// <summary>The timing of settings that fire at least once more; else every problem they have.</summary>
    private static async Task<(ScheduleTiming? Timing, Guid? CalendarId, Problem? Problem)> TimingAsync(
        ApiRequest request, Timing wanted, DateTimeOffset anchor, CancellationToken cancellationToken)
    {
        if (wanted is { Calendar: not null, CalendarId: not null })
        {
            return (null, null, Problem.Invalid("/timing/calendar", "Give 'calendar' or 'calendarId', not both.",
                "BOTH"));
        }

        var calendarId = wanted.Calendar is { } name ? await request.FindCalendarAsync(name, cancellationToken)
            : wanted.CalendarId;
        var calendar = calendarId is { } id ? await request.Db.FindBusinessCalendarAsync(id, cancellationToken) : null;
        if ((wanted.CalendarId is not null || wanted.Calendar is not null) && calendar is null)
        {
            return (null, null, Problem.Invalid(wanted.Calendar is null ? "/timing/calendarId" : "/timing/calendar",
                "There is no such calendar.", "UNKNOWN"));
        }

        if (!wanted.ToSettings().TryBuild(calendar, anchor, out var timing, out var problems))
        {
            return (null, null, new Problem(
                Errors.ValidationFailed, problems[0].Message,
                [.. problems.Select(problem => new ErrorDetail($"/timing/{problem.Field}", "SCHEDULE_INVALID", problem.Message, problem.Hint))]));
        }

        return timing.NextAfter(request.Now) is null
            ? (null, null, Problem.Invalid("/timing", "It never fires from now on.", "NEVER_FIRES"))
            : (timing, calendarId, null);
    }

    private static async Task<Problem?> CheckTargetAsync(ApiRequest request, CreateScheduleRequest wanted, CancellationToken token)
    {
        var given = (wanted.WorkflowId is null ? 0 : 1) + (wanted.JobId is null ? 0 : 1) + (wanted.PackageId is null ? 0 : 1);
        if (given != 1)
        {
            return Problem.Invalid("/workflowId", "A schedule starts one of workflow, job and package: give exactly one.", "TARGET");
        }

        if (wanted.WorkflowId is { } workflowId)
        {
            return await request.Db.LockWorkflowAsync(workflowId, token) is null
                ? Problem.Invalid("/workflowId", "There is no such workflow.", "UNKNOWN")
                : await CheckInputAsync(request, workflowId, wanted.Input ?? JsonElement.Parse("{}"u8), token);
        }

        if (wanted.JobId is { } jobId)
        {
            return await request.Db.HoldJobAsync(jobId, token) is null ? Problem.Invalid("/jobId", "There is no such job.", "UNKNOWN") : null;
        }

        return await request.Db.LockPackageAsync(wanted.PackageId!.Value, token) is null ? Problem.Invalid("/packageId", "There is no such package.", "UNKNOWN") : null;
    }

    // Only against what is published now: the schedule may be made before the first publication.
    private static async Task<Problem?> CheckInputAsync(ApiRequest request, Guid workflowId, JsonElement input, CancellationToken token)
    {
        var definition = await request.Db.WorkflowVersions
            .Where(version => version.WorkflowId == workflowId && request.Db.Workflows.Any(row => row.Id == workflowId && row.PublishedVersion == version.Number))
            .Select(version => version.Definition).SingleOrDefaultAsync(token);
        if (definition is null || !CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(definition), out var workflow, out _))
        {
            return null;
        }

        var problems = workflow.ValidateInput(input);
        return problems.Count == 0
            ? null
            : new Problem(Errors.InputInvalid, problems[0].Message, [.. problems.Select(found => new ErrorDetail($"/input{found.Pointer}", found.Keyword, found.Message))]);
    }

    private static List<FireTime> Fires(ScheduleTiming timing, DateTimeOffset after, int count) =>
        [.. timing.Following(after, count).Select(at => new FireTime(
            at,
            TimeZones.Show(at, timing.Settings.TimeZone)
                .ToString("ddd yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture)))];

    private static Problem? Check(string? name, string? description, JsonElement? input)
    {
        var checks = new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength);
        return (input is { } json && Encoding.UTF8.GetByteCount(json.GetRawText()) > Engine.Limits.InputBytes
            ? checks.Add("input", "TOO_LARGE", $"An input has at most {Engine.Limits.InputBytes} bytes.")
            : checks).Problem;
    }

    private static object Summary(Schedule row) => new
    {
        row.Name, row.WorkflowId, row.JobId, row.PackageId, row.Cron, row.IntervalSeconds, row.At, row.TimeZone, row.CalendarId, row.OnNonBusinessDay,
        row.Misfire, row.Overlap, row.Enabled, row.NextFireAt,
    };

    private static ScheduleItem View(Schedule row) => new(
        row.Id, row.Name, row.Description, row.WorkflowId, row.JobId, row.PackageId, row.TriggerId, Timing.Of(row.Settings(), row.CalendarId),
        new RawJson(row.Input), row.Enabled, row.DisabledReason, row.NextFireAt, row.LastFiredAt, row.Version,
            row.CreatedAt, row.UpdatedAt);
}
