//! Judges xAPI statements, one a line of standard input: answers `ok`, or why not.
use std::io::stdin;

use xapi_data::{Statement, Validate};

fn verdict(text: &str) -> String {
    match serde_json::from_str::<Statement>(text) {
        Err(why) => why.to_string(),
        Ok(statement) => match statement.validate().first() {
            None => "ok".to_string(),
            Some(fault) => fault.to_string(),
        },
    }
}

fn main() {
    for line in stdin().lines() {
        let text = line.expect("a line of UTF-8");
        println!("{}", verdict(&text).replace('\n', " "));
    }
}
