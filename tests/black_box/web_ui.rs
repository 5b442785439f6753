//! MLflow's web UI: installed from a wheel or a package, and served. The real one is walked through in
//! `tests/python/test_ui.py`; here is one of three files.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use reqwest::{Response, header};
use serde_json::{Value, json};
use tempfile::tempdir;
use trackside_tests::{Server, binary};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const INDEX: &str = "<html>the page</html>";
const SCRIPT: &str = "console.log('script')";

/// The files of a wheel of `mlflow` of this version.
fn wheel_files(version: &str) -> Vec<(String, String)> {
    let build = |path: &str| format!("mlflow/server/js/build/{path}");
    vec![
        ("mlflow/__init__.py".to_owned(), "raise SystemExit('imported')".to_owned()),
        (build("index.html"), INDEX.to_owned()),
        (build("static/js/main.0123.js"), SCRIPT.to_owned()),
        (build("static/media/worker.0123.mjs"), SCRIPT.to_owned()),
        (format!("mlflow-{version}.dist-info/METADATA"), format!("Name: mlflow\nVersion: {version}\n\nVersion: 0\n")),
    ]
}

fn wheel(dir: &Path, files: &[(String, String)]) -> PathBuf {
    let path = dir.join("some.whl");
    let mut archive = ZipWriter::new(File::create(&path).unwrap());
    let as_it_is = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in files {
        archive.start_file(name.as_str(), as_it_is).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    path
}

fn ui(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(binary("trackside"))
        .current_dir(dir)
        .env("PYTHONPATH", dir.join("packages"))
        .arg("ui")
        .args(arguments)
        .output()
        .unwrap()
}

/// What it said in JSON.
fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn install(dir: &Path, wheel: &Path) -> Output {
    ui(dir, &["install", "--data-dir", "data", "--json", "--wheel", wheel.to_str().unwrap()])
}

/// All names below a directory.
fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

async fn get(server: &Server, path: &str) -> Response {
    server.client().http().get(format!("{}{path}", server.url())).send().await.unwrap()
}

fn text<'a>(answer: &'a Response, name: &header::HeaderName) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_running_server_shows_what_is_installed_meanwhile() {
    let dir = tempdir().unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let welcome = get(&server, "/").await;
    assert_eq!((welcome.status().as_u16(), text(&welcome, &header::CACHE_CONTROL)), (200, "no-cache"));
    assert!(text(&welcome, &header::CONTENT_TYPE).starts_with("text/html"));
    assert!(welcome.text().await.unwrap().contains("trackside ui install"));
    assert_eq!(get(&server, "/static-files/static/js/main.0123.js").await.status(), 404);

    let wheel = wheel(dir.path(), &wheel_files("3.17.2"));
    let first = said(&install(dir.path(), &wheel));
    assert_eq!((&first["version"], &first["files"], &first["already"]), (&json!("3.17.2"), &json!(3), &json!(false)));
    assert_eq!(said(&install(dir.path(), &wheel))["already"], true);
    let status = said(&ui(dir.path(), &["status", "--data-dir", "data", "--json"]));
    assert_eq!((&status["shown"], &status["installed"][0]["version"]), (&json!("3.17.2"), &json!("3.17.2")));
    assert_eq!(names(&dir.path().join("data/ui")), ["3.17.2"], "nothing else is left");

    let page = get(&server, "/").await;
    assert_eq!((page.status().as_u16(), text(&page, &header::CACHE_CONTROL)), (200, "no-cache"));
    assert!(text(&page, &header::CONTENT_TYPE).starts_with("text/html"));
    assert_eq!(page.text().await.unwrap(), INDEX);
    for name in ["js/main.0123.js", "media/worker.0123.mjs"] {
        let script = get(&server, &format!("/static-files/static/{name}")).await;
        assert!(text(&script, &header::CONTENT_TYPE).ends_with("/javascript"), "{name}: {script:?}");
        assert_eq!(text(&script, &header::CACHE_CONTROL), "max-age=2419200");
        assert_eq!(script.text().await.unwrap(), SCRIPT);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn files_are_asked_for_as_browsers_and_attackers_do() {
    let dir = tempdir().unwrap();
    said(&install(dir.path(), &wheel(dir.path(), &wheel_files("3.17.2"))));
    fs::write(dir.path().join("data/ui/secret"), "secret").unwrap();
    let server = Server::start(dir.path()).await.unwrap();
    let path = "/static-files/static/js/main.0123.js";
    let url = format!("{}{path}", server.url());
    let http = server.client().http().clone();

    let head = http.head(&url).send().await.unwrap();
    assert_eq!((head.status().as_u16(), text(&head, &header::CONTENT_LENGTH)), (200, "21"));
    let modified = text(&head, &header::LAST_MODIFIED).to_owned();
    let again = http.get(&url).header(header::IF_MODIFIED_SINCE, modified).send().await.unwrap();
    assert_eq!(again.status(), 304);
    let part = http.get(&url).header(header::RANGE, "bytes=0-6").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.text().await.unwrap().as_str()), (206, "console"));
    assert_eq!(http.post(&url).send().await.unwrap().status(), 405);
    assert_eq!(http.head(server.url()).send().await.unwrap().status(), 200);

    for path in [
        "secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "static/%2e%2e/%2e%2e/secret",
        "%2fetc/passwd",
        "",
        "static",
        "static/",
    ] {
        let answer = raw(&server, &format!("/static-files/{path}")).await;
        assert!(answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
        assert!(!answer.contains("secret"), "{path}: {answer}");
    }
    let up = raw(&server, "/static-files/../secret").await;
    assert!(!up.starts_with("HTTP/1.1 200"), "{up}");
    server.stop().await.unwrap();
}

/// The answer to a path that is sent as it is written.
async fn raw(server: &Server, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = server.url().trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn below_a_prefix_the_page_ends_with_a_slash() {
    let dir = tempdir().unwrap();
    said(&install(dir.path(), &wheel(dir.path(), &wheel_files("3.17.2"))));
    let server = Server::start_with(dir.path(), &["--static-prefix", "/team/tracking"]).await.unwrap();
    let redirect = raw(&server, "/team/tracking").await;
    assert!(redirect.contains("307 ") && redirect.to_lowercase().contains("location: tracking/\r\n"), "{redirect}");
    let page = get(&server, "/team/tracking").await;
    assert_eq!(page.url().path(), "/team/tracking/");
    assert_eq!(page.text().await.unwrap(), INDEX);
    let script = get(&server, "/team/tracking/static-files/static/js/main.0123.js").await;
    assert_eq!(script.text().await.unwrap(), SCRIPT);
    for path in ["/health", "/team/tracking/health"] {
        assert_eq!(get(&server, path).await.text().await.unwrap(), "OK", "{path}");
    }
    for path in ["/", "/static-files/static/js/main.0123.js"] {
        assert_eq!(get(&server, path).await.status(), 404, "{path}");
    }
    server.stop().await.unwrap();
}

#[test]
fn what_is_no_web_ui_leaves_nothing() {
    let dir = tempdir().unwrap();
    let good = wheel_files("3.17.2");
    let with = |name: &str, content: &str| [&good[..], &[(name.to_owned(), content.to_owned())]].concat();
    let without = |part: &str| good.iter().filter(|(name, _)| !name.contains(part)).cloned().collect::<Vec<_>>();
    for (files, why) in [
        (with("mlflow/server/js/build/../../../../../out", "x"), "leads elsewhere"),
        (with("mlflow/server/js/build//etc/out", "x"), "leads elsewhere"),
        (with("mlflow/server/js/build/a\\..\\out", "x"), "leads elsewhere"),
        (without("index.html"), "index.html"),
        (without("js/build"), "no web UI"),
        (without("METADATA"), "METADATA"),
        (wheel_files("../x"), "METADATA"),
        (
            vec![(
                "mlflow_skinny-3.dist-info/METADATA".to_owned(),
                "Name: mlflow-skinny\nVersion: 3.17.2\n".to_owned(),
            )],
            "mlflow-skinny",
        ),
    ] {
        let output = install(dir.path(), &wheel(dir.path(), &files));
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && message.contains(why), "{why}: {message}");
        assert_eq!(names(&dir.path().join("data/ui")), [""; 0], "{why}");
        assert!(!dir.path().join("out").exists());
    }
}

#[test]
fn a_damaged_wheel_leaves_nothing() {
    let dir = tempdir().unwrap();
    let path = wheel(dir.path(), &wheel_files("3.17.2"));
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(SCRIPT.len()).position(|window| window == SCRIPT.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(!install(dir.path(), &path).status.success());
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(!install(dir.path(), &path).status.success());
    assert_eq!(names(&dir.path().join("data/ui")), [""; 0]);
}

#[test]
fn what_a_killed_process_left_is_swept() {
    let dir = tempdir().unwrap();
    let left = dir.path().join("data/ui/.staging-x/static");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("half"), "x").unwrap();
    said(&install(dir.path(), &wheel(dir.path(), &wheel_files("3.17.2"))));
    assert_eq!(names(&dir.path().join("data/ui")), ["3.17.2"]);
}

#[test]
fn an_installed_package_is_not_imported() {
    let dir = tempdir().unwrap();
    for (name, content) in wheel_files("3.1.0") {
        let path = dir.path().join("packages").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    fs::write(dir.path().join("trackside.yaml"), "serve: {data_dir: elsewhere}\n").unwrap();
    let installed = ui(dir.path(), &["install", "--json", "--config", "trackside.yaml", "--from-python", "python3"]);
    assert_eq!(said(&installed)["version"], "3.1.0");
    assert_eq!(names(&dir.path().join("elsewhere/ui/3.1.0")), ["index.html", "static"]);
    // The version of the protocol goes before others, however late they are.
    for version in ["3.17.2", "99.0.0"] {
        let wheel = wheel(dir.path(), &wheel_files(version));
        said(&ui(dir.path(), &["install", "--json", "--data-dir", "elsewhere", "--wheel", wheel.to_str().unwrap()]));
    }
    let status = said(&ui(dir.path(), &["status", "--json", "--data-dir", "elsewhere"]));
    assert_eq!(status["shown"], "3.17.2");
    let versions: Vec<_> = status["installed"].as_array().unwrap().iter().map(|one| &one["version"]).collect();
    assert_eq!(versions, ["99.0.0", "3.17.2", "3.1.0"]);
}

#[test]
fn a_python_without_the_package_is_named() {
    let dir = tempdir().unwrap();
    let output = ui(dir.path(), &["install", "--data-dir", "data", "--from-python", "no-such-python"]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && message.contains("no-such-python"), "{message}");
    assert!(!dir.path().join("data").exists());
}
