using Workflows.Engine.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>The email node against servers that refuse, hang up, talk nonsense, or never stop.</summary>
public sealed class MailServerAnswerTests(PostgresServer server) : IAsyncLifetime
{
    private readonly ScriptedMailServer _mail = new();
    private ConnectorBed _bed = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server);
        _mail.Answer("EHLO", "250-test\r\n250 AUTH PLAIN\r\n");
        await ConnectAsync("mail", ("tls", "none"), ("username", "robot"), ("password", "mail-password"));
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _mail.DisposeAsync();
    }

    [Theory]
    [InlineData("", "554 not you\r\n", "EMAIL_554", StepErrorKind.Permanent)]
    [InlineData("", "421-too\r\n421 busy\r\n", "EMAIL_421", StepErrorKind.Transient)]
    [InlineData("MAIL FROM", "451 later\r\n", "EMAIL_451", StepErrorKind.Transient)]
    [InlineData("RCPT TO:<a@", "550 nobody\r\n", "EMAIL_550", StepErrorKind.Permanent)]
    [InlineData("RCPT TO:<a@", "452-full\r\n452 up\r\n", "EMAIL_452", StepErrorKind.Transient)]
    [InlineData("DATA", "554 no\r\n", "EMAIL_554", StepErrorKind.Permanent)]
    [InlineData("AUTH", "535 no\r\n", "EMAIL_535", StepErrorKind.Permanent)]
    [InlineData("AUTH", "454 later\r\n", "EMAIL_454", StepErrorKind.Transient)]
    [InlineData("AUTH", "534 another way\r\n", "EMAIL_534", StepErrorKind.Permanent)]
    [InlineData("EHLO", "250 test\r\n", "EMAIL_AUTH", StepErrorKind.Permanent)]
    [InlineData("EHLO", "250-test\r\n250 AUTH GSSAPI NTLM XOAUTH2\r\n", "EMAIL_AUTH", StepErrorKind.Permanent)]
    public async Task What_the_server_refuses_is_tried_again_when_it_says_so(
        string command, string answer, string code, StepErrorKind kind)
    {
        _mail.Answer(command, answer);

        var error = await _bed.FailAsync("email", Message());

        Assert.Equal((code, kind), (error.Code, error.Kind));
    }

    [Theory]
    [InlineData("")]
    [InlineData("EHLO")]
    [InlineData("AUTH")]
    [InlineData("MAIL FROM")]
    [InlineData("RCPT TO")]
    [InlineData("DATA")]
    public async Task A_server_that_hangs_up_is_tried_again(string command)
    {
        _mail.Answer(command, null, "");

        var error = await _bed.FailAsync("email", Message());

        Assert.Equal(("EMAIL_CONNECTION", StepErrorKind.Transient), (error.Code, error.Kind));
    }

    [Fact]
    public async Task A_message_that_was_taken_is_sent_whatever_comes_after()
    {
        _mail.Answer("QUIT", null, "");

        await _bed.SucceedAsync("email", Message());
    }

    [Theory]
    [InlineData("", "HTTP/1.1 200 OK\r\n\r\n", "EMAIL_PROTOCOL")]
    [InlineData("", "2", "EMAIL_CONNECTION")]
    [InlineData("MAIL FROM", "hello\r\n", "EMAIL_PROTOCOL")]
    [InlineData("MAIL FROM", "250-a\r\n550 b\r\n", "EMAIL_PROTOCOL")]
    [InlineData("AUTH", "334 !!!\r\n", "EMAIL_334")]
    public async Task What_is_no_SMTP_is_not_taken_for_an_answer(string command, string answer, string code)
    {
        _mail.Answer(command, code == "EMAIL_CONNECTION" ? [answer, null] : [answer]);

        Assert.Equal(code, (await _bed.FailAsync("email", Message())).Code);
        Assert.DoesNotContain("DATA", _mail.Lines);
    }

    public static TheoryData<string, string> Endless => new()
    {
        { "", "220-more\r\n" },
        { "", $"220 {new string('x', 1_000)}" },
        { "EHLO", "250-more\r\n" },
        { "EHLO", $"250-{new string('x', 1_000)}" },
        { "AUTH", $"334 {new string('x', 1_000)}" },
        { "RCPT TO", "250-more\r\n" },
        { "DATA", "354-more\r\n" },
    };

    [Theory]
    [MemberData(nameof(Endless))]
    public async Task An_answer_without_end_is_not_read_to_its_end(string command, string piece)
    {
        _mail.Answer(command, Enumerable.Repeat(piece, int.MaxValue));

        var error = await _bed.FailAsync("email", Message());

        Assert.Equal(("EMAIL_PROTOCOL", "The server's answer does not end."), (error.Code, error.Message));
    }

    [Fact]
    public async Task A_strangers_words_are_shown_short_and_without_control_characters()
    {
        _mail.Answer("MAIL FROM", $"550 a\0b\u001b[31m{new string('x', 5_000)}\r\n");

        var error = await _bed.FailAsync("email", Message());

        Assert.StartsWith("The server answered 550: a\uFFFDb\uFFFD[31mxxx", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length < 1_100);
    }

    [Fact]
    public async Task Without_the_tls_that_the_connector_asks_for_nothing_is_said()
    {
        await ConnectAsync("careful", ("username", "robot"), ("password", "mail-password"));

        Assert.Equal("EMAIL_TLS", (await _bed.FailAsync("email", Message("careful"))).Code);
        Assert.Empty(Sent("AUTH"));
        Assert.Empty(Sent("MAIL"));
    }

    [Theory]
    [InlineData("startTls")]
    [InlineData("tls")]
    public async Task What_speaks_no_tls_gets_no_password(string tls)
    {
        _mail.Answer("EHLO", "250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n");
        _mail.Answer("STARTTLS", "220 go\r\n250 I do not encrypt\r\n");
        await ConnectAsync("careful", ("tls", tls), ("username", "robot"), ("password", "mail-password"));

        Assert.Equal("EMAIL_TLS", (await _bed.FailAsync("email", Message("careful"))).Code);
        Assert.Empty(Sent("AUTH"));
    }

    [Theory]
    [InlineData("251 User not local; will forward\r\n")]
    [InlineData("250-yes\r\n250 indeed\r\n")]
    public async Task A_recipient_that_the_server_takes_is_a_success(string answer)
    {
        _mail.Answer("RCPT TO", answer);

        await _bed.SucceedAsync("email", Message());

        Assert.Contains("DATA", _mail.Lines);
    }

    [Theory]
    [InlineData("Hello\n", "Subject: Hello")]
    [InlineData("Hello\r\n\r\n", "Subject: Hello")]
    [InlineData("\tHello\tyou\t", "Subject: Hello you")]
    public async Task White_space_around_a_subject_is_left_out(string subject, string line)
    {
        await _bed.SucceedAsync("email",
            new { connector = "mail", from = "a@example.com", to = "b@example.com", subject, text = "t" });

        Assert.Contains(line, _mail.Lines);
    }

    [Fact]
    public async Task A_message_to_hidden_recipients_alone_has_no_empty_header()
    {
        await _bed.SucceedAsync(
            "email",
            new
            {
                connector = "mail", from = "a@example.com", bcc = new[] { "b@example.com" }, subject = "s",
                text = "t"
            });

        Assert.Contains("RCPT TO:<b@example.com>", _mail.Lines);
        Assert.Empty(Sent("To:"));
        Assert.Empty(Sent("Bcc:"));
    }

    [Fact]
    public async Task An_international_domain_needs_no_special_server()
    {
        await _bed.SucceedAsync("email", Message(to: "a@exämple.com"));

        Assert.Contains("RCPT TO:<a@xn--exmple-cua.com>", _mail.Lines);
        Assert.Contains("To: a@xn--exmple-cua.com", _mail.Lines);
    }

    [Fact]
    public async Task An_international_address_needs_a_server_that_can_take_it()
    {
        var error = await _bed.FailAsync("email", Message(to: "jörg@example.com"));

        Assert.Equal("EMAIL_INVALID", error.Code);
        Assert.Contains("SMTPUTF8", error.Message, StringComparison.Ordinal);
        Assert.Empty(Sent("MAIL"));
    }

    [Fact]
    public async Task A_password_is_tried_once_and_not_in_clear_when_the_server_knows_better()
    {
        _mail.Answer("EHLO", "250-test\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n");
        _mail.Answer("AUTH", "535 no\r\n");

        Assert.Equal("EMAIL_535", (await _bed.FailAsync("email", Message())).Code);
        Assert.StartsWith("AUTH SCRAM-SHA-256", Assert.Single(Sent("AUTH")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_international_address_is_sent_to_a_server_that_can_take_it()
    {
        _mail.Answer("EHLO", "250-test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n");

        await _bed.SucceedAsync("email", Message(to: "Jörg <jörg@exämple.com>"));

        Assert.Contains("RCPT TO:<jörg@exämple.com>", _mail.Lines);
        Assert.Contains("SMTPUTF8", Assert.Single(Sent("MAIL")), StringComparison.Ordinal);
        Assert.Contains("To: Jörg <jörg@exämple.com>", _mail.Lines);
    }

    private IEnumerable<string> Sent(string command) =>
        _mail.Lines.Where(line => line.StartsWith(command, StringComparison.Ordinal));

    private static object Message(string connector = "mail", string to = "a@example.com") =>
        new { connector, from = "a@example.com", to, subject = "s", text = "t" };

    private Task ConnectAsync(string name, params (string, string)[] config) =>
        _bed.Bed.AddConnectorAsync(name, "smtp", [("host", "127.0.0.1"), ("port", $"{_mail.Port}"), .. config]);
}
