using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Schedules;

/// <summary>Calendars of business days. A change gives every schedule that goes by the calendar its new next time, in the same transaction.</summary>
internal static class CalendarEndpoints
{
    private static readonly DayOfWeek[] WorkWeek = [DayOfWeek.Monday, DayOfWeek.Tuesday, DayOfWeek.Wednesday, DayOfWeek.Thursday, DayOfWeek.Friday];

    public static void MapCalendars(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/calendars").WithTags("Schedules");
        group.MapGet("", ListAsync).Requires(Permission.SchedulesRead).WithSummary("List calendars");
        group.MapPost("", CreateAsync).Requires(Permission.SchedulesWrite).WithMetadata(new WholeTenantOnly()).WithMetadata(new SuccessStatus(201)).WithSummary("Create a calendar");
        group.MapGet("/{calendarId:guid}", GetAsync).Requires(Permission.SchedulesRead).WithSummary("Get a calendar with its days");
        group.MapPatch("/{calendarId:guid}", UpdateAsync).Requires(Permission.SchedulesWrite).WithMetadata(new WholeTenantOnly()).WithSummary("Change a calendar");
        group.MapDelete("/{calendarId:guid}", DeleteAsync).Requires(Permission.SchedulesWrite).WithMetadata(new WholeTenantOnly()).WithSummary("Delete a calendar that no schedule uses");
        group.MapPost("/{calendarId:guid}/days", AddDaysAsync).Requires(Permission.SchedulesWrite).WithMetadata(new WholeTenantOnly()).WithSummary("Add holidays and working days");
        group.MapDelete("/{calendarId:guid}/days/{day}", RemoveDayAsync).Requires(Permission.SchedulesWrite).WithMetadata(new WholeTenantOnly()).WithSummary("Make a day an ordinary one again");
    }

    private static async Task<ApiResponse<List<CalendarItem>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "calendars");
        var calendars = request.Db.Calendars.AsNoTracking();
        var total = await calendars.CountAsync(query, cancellationToken);
        var rows = await calendars.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<CalendarItem>>.Page([.. rows.Select(View)], pagination, FieldSelection.Read<CalendarItem>(query));
    }

    private static async Task<ApiResponse<CalendarView>> GetAsync(Guid calendarId, ApiRequest request, CancellationToken cancellationToken)
    {
        var calendar = await request.Db.Calendars.AsNoTracking().SingleOrDefaultAsync(row => row.Id == calendarId, cancellationToken);
        if (calendar is null)
        {
            return new Problem(Errors.CalendarNotFound);
        }

        var days = await request.Db.CalendarDays.AsNoTracking().Where(row => row.CalendarId == calendarId).OrderBy(row => row.Day).ToListAsync(cancellationToken);
        return ApiResponse<CalendarView>.Ok(View(calendar, days), calendar.Version);
    }

    private static async Task<ApiResponse<CalendarView>> CreateAsync(Body<CreateCalendarRequest> body, ApiRequest request)
    {
        var (name, description, businessDays, days) = body.Value;
        if (Check(name, description, businessDays, days) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<CalendarView>(_ =>
        {
            var calendar = new Calendar
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = name,
                Description = description,
                BusinessDays = Numbers(businessDays ?? WorkWeek),
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            var rows = (days ?? []).Select(day => Row(calendar, day)).OrderBy(day => day.Day).ToList();
            request.Db.Calendars.Add(calendar);
            request.Db.CalendarDays.AddRange(rows);
            request.Record("calendar.create", "calendar", calendar.Id, name, after: body.Value);
            return Task.FromResult(ApiResponse<CalendarView>.Created(View(calendar, rows), $"/api/v1/calendars/{calendar.Id}", calendar.Version));
        });
    }

    private static async Task<ApiResponse<CalendarView>> UpdateAsync(Guid calendarId, Body<UpdateCalendarRequest> body, ApiRequest request)
    {
        var (name, description, businessDays) = body.Value;
        return Check(name, description, businessDays, null) is { } problem
            ? problem
            : await EditAsync(calendarId, request, "calendar.update", body.Value, (calendar, _) =>
            {
                calendar.Name = name ?? calendar.Name;
                calendar.Description = description ?? calendar.Description;
                calendar.BusinessDays = businessDays is null ? calendar.BusinessDays : Numbers(businessDays);
                return null;
            });
    }

    private static async Task<ApiResponse<CalendarView>> AddDaysAsync(Guid calendarId, Body<AddDaysRequest> body, ApiRequest request)
    {
        var wanted = body.Value.Days;
        return Check(null, null, null, wanted) is { } problem
            ? problem
            : await EditAsync(calendarId, request, "calendar.days.add", body.Value, (calendar, days) =>
            {
                foreach (var day in wanted)
                {
                    if (days.Find(row => row.Day == day.Day) is { } present)
                    {
                        (present.Name, present.IsBusiness) = (day.Name, day.IsBusiness);
                        continue;
                    }

                    var row = Row(calendar, day);
                    days.Add(row);
                    request.Db.CalendarDays.Add(row);
                }

                return days.Count > Limits.CalendarDays ? new Problem(Errors.LimitReached, $"A calendar has at most {Limits.CalendarDays} days.") : null;
            });
    }

    private static async Task<ApiResponse<CalendarView>> RemoveDayAsync(Guid calendarId, string day, ApiRequest request)
    {
        var isDay = DateOnly.TryParseExact(day, "yyyy-MM-dd", out var date);
        return await EditAsync(calendarId, request, "calendar.days.remove", new { day }, (_, days) =>
        {
            if (!isDay || days.Find(row => row.Day == date) is not { } present)
            {
                return new Problem(Errors.CalendarDayNotFound);
            }

            days.Remove(present);
            request.Db.CalendarDays.Remove(present);
            return null;
        });
    }

    private static Task<ApiResponse<CalendarView>> EditAsync(
        Guid calendarId, ApiRequest request, string action, object change, Func<Calendar, List<CalendarDay>, Problem?> edit) =>
        request.ChangeAsync<CalendarView>(async token =>
        {
            var calendar = await request.Db.LockCalendarAsync(calendarId, token);
            if (calendar is null)
            {
                return new Problem(Errors.CalendarNotFound);
            }

            if (request.CheckMatch(calendar) is { } conflict)
            {
                return conflict;
            }

            var days = await request.Db.CalendarDays.Where(row => row.CalendarId == calendarId).OrderBy(row => row.Day).ToListAsync(token);
            if (edit(calendar, days) is { } refusal)
            {
                return refusal;
            }

            var business = ScheduleTimes.ToBusinessCalendar(calendar, days);
            foreach (var schedule in await request.Db.LockSchedulesOfCalendarAsync(calendarId, token))
            {
                // What is due already fires as it was planned; only what lies ahead moves.
                if (!(schedule.NextFireAt <= request.Now) && schedule.Settings().TryBuild(business, schedule.AnchorAt, out var timing, out _))
                {
                    schedule.Retime(timing, request.Now);
                }
            }

            calendar.Touch(request.Now);
            request.Record(action, "calendar", calendar.Id, calendar.Name, after: change);
            return ApiResponse<CalendarView>.Ok(View(calendar, [.. days.OrderBy(day => day.Day)]), calendar.Version);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid calendarId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var calendar = await request.Db.LockCalendarAsync(calendarId, token);
        if (calendar is null)
        {
            return new Problem(Errors.CalendarNotFound);
        }

        if (request.CheckMatch(calendar) is { } conflict)
        {
            return conflict;
        }

        var users = await request.Db.Schedules.Where(row => row.CalendarId == calendarId).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "SCHEDULE", row.Name, null)).ToListAsync(token);
        if (users.Count > 0)
        {
            return new Problem(Errors.InUse, "Schedules go by the calendar: change or delete them first.", users);
        }

        calendar.DeletedAt = request.Now;
        calendar.Touch(request.Now);
        request.Record("calendar.delete", "calendar", calendar.Id, calendar.Name);
        return new Done(calendar.Id, "deleted");
    });

    private static Problem? Check(string? name, string? description, DayOfWeek[]? businessDays, IReadOnlyList<CalendarDayBody>? days)
    {
        var checks = new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength);
        if (businessDays is { Length: 0 or > 7 })
        {
            checks.Add("businessDays", "COUNT", "A calendar has 1 to 7 business days of the week.");
        }

        if (days?.Count > Limits.CalendarDays)
        {
            checks.Add("days", "TOO_MANY", $"A calendar has at most {Limits.CalendarDays} days.");
        }

        for (var index = 0; index < Math.Min(days?.Count ?? 0, Limits.CalendarDays); index++)
        {
            checks.Text($"days/{index}/name", days![index].Name, Limits.NameLength);
        }

        return days is not null && days.DistinctBy(day => day.Day).Count() != days.Count
            ? checks.Add("days", "DUPLICATE", "A day is given twice.").Problem
            : checks.Problem;
    }

    private static short[] Numbers(DayOfWeek[] days) => [.. days.Distinct().Order().Select(day => (short)day)];

    private static CalendarDay Row(Calendar calendar, CalendarDayBody day) =>
        new() { TenantId = calendar.TenantId, CalendarId = calendar.Id, Day = day.Day, Name = day.Name, IsBusiness = day.IsBusiness };

    private static CalendarItem View(Calendar row) =>
        new(row.Id, row.Name, row.Description, [.. row.BusinessDays.Select(day => (DayOfWeek)day)], row.Version, row.CreatedAt, row.UpdatedAt);

    private static CalendarView View(Calendar row, IReadOnlyList<CalendarDay> days) =>
        new(View(row), [.. days.Select(day => new CalendarDayBody(day.Day, day.Name, day.IsBusiness))]);
}
