using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Workflows.ServiceDefaults;

/// <summary>
/// Completes ASP.NET Core's server span. In .NET 10 the framework sets only what is known when a request starts; route, status
/// and error, by OpenTelemetry's names for them, are added here when it ends. Outermost in the pipeline, so that it sees what
/// the exception handler answered.
/// </summary>
internal sealed class ServerSpans : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(CompleteAsync);
        next(app);
    };

    private static async Task CompleteAsync(HttpContext context, RequestDelegate next)
    {
        var span = context.Features.Get<IHttpActivityFeature>()?.Activity;
        if (span is not { IsAllDataRequested: true })
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
            SetOutcome(span, context, context.Response.StatusCode, context.Features.Get<IExceptionHandlerFeature>()?.Error);
        }
        catch (Exception exception)
        {
            SetOutcome(span, context, StatusCodes.Status500InternalServerError, exception);
            throw;
        }
    }

    private static void SetOutcome(Activity span, HttpContext context, int status, Exception? error)
    {
        // The exception handler clears the endpoint of the request that failed and keeps it in its feature.
        var endpoint = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.GetEndpoint();
        if ((endpoint as RouteEndpoint)?.RoutePattern.RawText is { } route)
        {
            span.DisplayName = $"{context.Request.Method} {route}";
            span.SetTag("http.route", route);
        }
        else
        {
            span.DisplayName = context.Request.Method; // never the path: unbounded names make a trace store useless
        }

        span.SetTag("http.response.status_code", status);
        if (status >= StatusCodes.Status500InternalServerError)
        {
            span.SetTag("error.type", error?.GetType().FullName ?? status.ToString(System.Globalization.CultureInfo.InvariantCulture));
            span.SetStatus(ActivityStatusCode.Error);
        }
    }
}
